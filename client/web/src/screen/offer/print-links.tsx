import { paperAddress, paperOf } from "../../deal/paper";
import type { DealSession } from "../../deal/session";
import type { DealKind } from "../../wire";

interface Props {
  /** The car that is shown; null: none, and the deal's own is printed. */
  vehicleId: string | null;
  way: DealKind | null;
  session: DealSession;
}

/** The customer's paper as a PDF: a proposal of the chosen car as it is shown, and a comparison of the pinned ones. */
export function PrintLinks({ vehicleId, way, session }: Props) {
  const deal = session.model.value?.deal;
  if (!deal) return null;
  const pinned = deal.pins.slice(0, 3).map((each) => each.vehicle_id);
  const car = vehicleId ?? deal.selected?.vehicle_id;
  const paper = car ? paperOf(deal, car, session.pencil.picture.value, way) : null;
  if (!paper && pinned.length < 2) return null;
  return (
    <p class="print-links">
      {paper && (
        <a class="button small" data-action="" href={paper.address} target="_blank" rel="noopener">
          {paper.dealsOffer ? "Print the deal's offer" : "Print"}
        </a>
      )}
      {pinned.length > 1 && (
        <a class="button small" data-action="" href={paperAddress(deal.id, pinned)} target="_blank" rel="noopener">
          Print comparison of {pinned.length} pinned cars
        </a>
      )}
    </p>
  );
}
