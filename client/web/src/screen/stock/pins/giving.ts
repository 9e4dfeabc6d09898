// The commands that the grid and its pins give.
import type { DealSession } from "../../../deal/session";
import type { Candidate } from "../../../deal/stock/chosen/compare";

/** The subject of the commands of the grid: why the last one was refused stands at its pins. */
export const GRID_SUBJECT = "grid";

/** As the wire bounds it. */
const MOST_AT_ONCE = 500;

/** Pins a car with its best offer, or lets a pinned one go. */
export function pin(session: DealSession, vehicleId: string): void {
  const { desk } = session;
  const pinned = session.model.value?.deal.pins.some((offer) => offer.vehicle_id === vehicleId);
  if (pinned) desk.give(GRID_SUBJECT, { type: "unpin", vehicle_id: vehicleId });
  else if (session.grid.row(vehicleId)?.value === "offer")
    desk.give(GRID_SUBJECT, { type: "pin", vehicle_id: vehicleId, changes: {}, programme_id: null });
}

/** Values cars again that nobody could value. */
export function retry(session: DealSession, vehicleIds: readonly string[]): void {
  const { grid } = session;
  const given = vehicleIds.slice(0, MOST_AT_ONCE);
  if (given.length === 0) return;
  session.desk.give(GRID_SUBJECT, { type: "revalue", vehicle_id: given }, () => grid.revive(given));
}

/** Puts a compared car on the deal, with the figures that were compared. */
export function putOnDeal(session: DealSession, { vehicleId, select }: Candidate, done: () => void): void {
  if (select) session.desk.give(GRID_SUBJECT, { type: "select", vehicle_id: vehicleId, ...select }, done);
}
