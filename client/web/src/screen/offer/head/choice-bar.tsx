import { isOpen, isSelectable } from "../../../deal/desk/steps";
import { figuresOf } from "../../../deal/model/figures";
import { isSame } from "../../../deal/paper";
import { isOffered, wayOf } from "../../../deal/pencil/ways";
import type { DealSession } from "../../../deal/session";
import { isHeld, mayEnd } from "../../../deal/stock/claims";
import type { Row } from "../../../deal/stock/rows";
import type { DealKind } from "../../../wire";

const PUT: Record<DealKind, string> = {
  finance: "Put this car on the deal",
  lease: "Put this lease on the deal",
  cash: "Put this car on the deal for cash",
};

interface Props {
  row: Row;
  session: DealSession;
  /** The way to pay that is shown; null before the quote is there. */
  way: DealKind | null;
}

/** What can be done with the chosen car for this deal: pin it, hold it, and last the one whose words change: select it. */
export function ChoiceBar({ row, session, way }: Props) {
  const deal = session.model.value?.deal;
  if (!deal) return null;
  const { desk } = session;
  const { vehicle_id: id, claim } = row;
  const { pick, quote, vehicleId, asking } = session.pencil.picture.value;
  const priced = vehicleId === id && quote !== null && way !== null && isOffered(quote, way) && !asking;
  const other = quote !== null && way !== null && way !== wayOf(quote);
  // A pick is of the quote's own way to pay.
  const offer = other
    ? { vehicle_id: id, changes: { kind: way }, programme_id: null }
    : { vehicle_id: id, changes: pick?.changes ?? {}, programme_id: pick?.programmeId ?? null };
  const pinned = deal.pins.some((each) => each.vehicle_id === id);
  const selected = deal.selected?.vehicle_id === id && (way === null || figuresOf(deal.selected).kind === way);
  // Terms that changed since make an old price of the same offer; without that, other figures are another offer.
  const differs = selected && priced && deal.selected && !deal.selected_outdated && !isSame(deal.selected, quote, way);
  const hold = deal.holds?.find((each) => each.vehicle_id === id);
  const kept = deal.state === "approved" && deal.approval?.vehicle_id === id;
  const elsewhere = !hold && !kept && claim && !claim.here && isHeld(claim, Date.now()) ? claim : null;
  const free =
    elsewhere !== null && session.can("approve") && mayEnd(elsewhere, row.store_id, session.user.value?.store_id);
  const subject = `car:${id}`;
  const busy = desk.busy.value.has(subject);
  return (
    <section class="choice-bar" aria-label="This car in the deal">
      {session.can("select") && isOpen(deal) && (
        <button
          type="button"
          class="button small"
          aria-pressed={pinned}
          disabled={busy || (!pinned && !priced)}
          onClick={() => desk.give(subject, pinned ? { type: "unpin", vehicle_id: id } : { type: "pin", ...offer })}
        >
          {pinned ? "Pinned" : "Pin"}
        </button>
      )}
      {session.can("hold") && isOpen(deal) && !kept && (
        <button
          type="button"
          class="button small"
          aria-pressed={hold !== undefined}
          disabled={busy || (elsewhere !== null && !free)}
          title={
            free
              ? "End the other deal's hold. If that deal was approved with this car, its approval is voided."
              : undefined
          }
          onClick={() => desk.give(subject, { type: hold || free ? "release" : "hold", vehicle_id: id })}
        >
          {hold || free ? "Release" : "Hold"}
        </button>
      )}
      {session.can("select") && isSelectable(deal) && (
        <button
          type="button"
          class={`button small put ${selected ? "" : "primary"}`}
          disabled={!priced || busy}
          onClick={() => desk.give(subject, { type: "select", ...offer })}
        >
          {!selected ? PUT[way ?? "finance"] : differs ? "Put these figures on the deal" : "Update price"}
        </button>
      )}
    </section>
  );
}
