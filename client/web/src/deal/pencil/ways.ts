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

/** Returns whether the car can be put on the deal in a way to pay. Whoever may not see that is not asked. */
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
