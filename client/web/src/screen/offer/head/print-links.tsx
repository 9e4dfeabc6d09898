import { paperAddress, paperOf } from "../../../deal/paper";
import type { DealSession } from "../../../deal/session";
import type { DealKind } from "../../../wire";

const MOST_COMPARED = 3;

interface Props {
  /** The car that is shown; null: none, and the deal's own is printed. */
  vehicleId: string | null;
  way: DealKind | null;
  session: DealSession;
}

/** The customer's paper of the chosen car as it is shown, as a PDF. */
export function PrintLink({ vehicleId, way, session }: Props) {
  const deal = session.model.value?.deal;
  const car = vehicleId ?? deal?.selected?.vehicle_id;
  const paper = deal && car ? paperOf(deal, car, session.pencil.picture.value, way) : null;
  return (
    <span class="print-links">
      {paper && (
        <a
          key={String(paper.dealsOffer)}
          class="button small"
          data-action=""
          href={paper.address}
          target="_blank"
          rel="noopener"
        >
          {paper.dealsOffer ? "Print deal" : "Print"}
        </a>
      )}
    </span>
  );
}

/** A comparison of the pinned cars as a PDF. */
export function PrintComparison({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  const pinned = (deal?.pins ?? []).slice(0, MOST_COMPARED).map((each) => each.vehicle_id);
  if (!deal || pinned.length < 2) return null;
  return (
    <p class="print-links">
      <a class="button small" data-action="" href={paperAddress(deal.id, pinned)} target="_blank" rel="noopener">
        Print comparison of {pinned.length} pinned cars
      </a>
    </p>
  );
}
