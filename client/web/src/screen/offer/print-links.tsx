import { paperAddress } from "../../deal/paper";
import type { DealSession } from "../../deal/session";

/** The customer's paper as a PDF: a proposal of the chosen car, and a comparison of the pinned ones. */
export function PrintLinks({ vehicleId, session }: { vehicleId: string | null; session: DealSession }) {
  const deal = session.model.value?.deal;
  if (!deal) return null;
  const pinned = deal.pins.slice(0, 3).map((each) => each.vehicle_id);
  const proposed = vehicleId ?? deal.selected?.vehicle_id;
  if (!proposed && pinned.length < 2) return null;
  return (
    <p class="print-links">
      {proposed && (
        <a class="button small" href={paperAddress(deal.id, [proposed])} target="_blank" rel="noopener">
          Print
        </a>
      )}
      {pinned.length > 1 && (
        <a class="button small" href={paperAddress(deal.id, pinned)} target="_blank" rel="noopener">
          Print comparison of {pinned.length} pinned cars
        </a>
      )}
    </p>
  );
}
