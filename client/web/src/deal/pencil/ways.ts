// The ways to pay for the chosen car, as its quote has them. Pure.
import type { DealKind, QuoteReply } from "../../wire";

/** The ways in the order of their tabs. */
const ORDER: readonly DealKind[] = ["finance", "lease", "cash"];

/** Returns the ways that a quote compares. */
export function waysOf(quote: QuoteReply): DealKind[] {
  return ORDER.filter((kind) => kind === "finance" || quote[kind] !== undefined);
}

/** Returns the way that a quote is about: the deal's own, or cash for a car that only the customer's cash pays for. */
export function wayOf(quote: QuoteReply): DealKind {
  return quote.kind ?? (!quote.eligible && quote.cash?.covered ? "cash" : "finance");
}

/** Returns whether the car can be put on the deal in a way to pay; false where the view hides it. */
export function isOffered(quote: QuoteReply, way: DealKind): boolean {
  if (wayOf(quote) === way) return quote.eligible;
  switch (way) {
    case "cash":
      return quote.cash?.covered === true;
    case "lease":
      return quote.lease?.eligible === true;
    case "finance":
      return quote.grid.eligible.some((row) => row.some(Boolean));
  }
}

/** What a quote costs in a way to pay. */
export interface Priced {
  /** The payment each month, or the price out the door. */
  paidCents: number;
  termMonths: number | null;
  npvCents: number | undefined;
}

/** Returns what a quote of a kind costs; null if it is not possible. */
export function priced(quote: QuoteReply, kind: DealKind): Priced | null {
  if (!quote.eligible || wayOf(quote) !== kind) return null;
  const { cash, value, payment_cents: payment, term_months: term } = quote;
  const lease = quote.lease?.best;
  if (kind === "cash")
    return cash ? { paidCents: cash.out_the_door_cents, termMonths: null, npvCents: cash.value?.npv_cents } : null;
  if (kind === "lease") {
    if (!lease) return null;
    const { payment_with_tax_cents: paidCents, term_months: termMonths, value: worth } = lease;
    return { paidCents, termMonths, npvCents: worth?.npv_cents };
  }
  return payment === undefined || term === undefined
    ? null
    : { paidCents: payment, termMonths: term, npvCents: value?.npv_cents };
}
