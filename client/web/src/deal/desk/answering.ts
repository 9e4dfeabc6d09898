// What the desk answers to a submitted deal, and what it saw when it did. Pure.
import type { AgreedFigures, DealOffer, Reason, StructureChanges } from "../../wire";

/** Returns the reason that a counter most likely has, from what it changes; the manager may name another. */
export function counterReason(changes: StructureChanges, offer: DealOffer): Reason {
  if ((changes.cash_down_cents ?? offer.cash_down_cents) > offer.cash_down_cents) return "cash_too_low";
  if ((changes.term_months ?? offer.term_months) < offer.term_months) return "term_too_long";
  if ((changes.discount_cents ?? offer.discount_cents) < offer.discount_cents) return "gross_too_low";
  return changes.rate_bp != null ? "better_programme" : "gross_too_low";
}

/** Returns whether a counter changes anything of the agreed offer. */
export function changesOffer(changes: StructureChanges, programmeId: string | null, offer: DealOffer): boolean {
  return (
    programmeId !== null ||
    changes.rate_bp != null ||
    (changes.cash_down_cents ?? offer.cash_down_cents) !== offer.cash_down_cents ||
    (changes.term_months ?? offer.term_months) !== offer.term_months ||
    (changes.discount_cents ?? offer.discount_cents) !== offer.discount_cents
  );
}

/** Returns whether figures are still the ones that somebody saw. */
export function sameFigures(one: AgreedFigures | null | undefined, other: AgreedFigures | null | undefined): boolean {
  if (!one || !other) return !one && !other;
  return (
    one.vehicle_id === other.vehicle_id &&
    one.payment_cents === other.payment_cents &&
    one.term_months === other.term_months &&
    one.cash_down_cents === other.cash_down_cents &&
    one.rate_bp === other.rate_bp &&
    (one.lender ?? null) === (other.lender ?? null) &&
    one.total_cents === other.total_cents
  );
}
