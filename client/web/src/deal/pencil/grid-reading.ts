// What a pencil grid says beyond its amounts: which rows the customer chose, which beat them, where a cell is not of
// the offer's lender or discount. Pure.
import type { QuoteGrid, QuoteReply } from "../../wire";

export interface GridRow {
  term: number;
  /** Whether the term is one of those that the customer chose. */
  chosen: boolean;
  /** For other terms: how their best cell compares with the best of the chosen ones; null if nothing can be said. */
  against: Against | null;
}

export interface Against {
  beats: boolean;
  /** The chosen term that is best. */
  term: number;
  /** How much more or less it is worth, in cents; null where only scores are known. */
  cents: number | null;
}

interface Best {
  term: number;
  worth: number;
}

/** Returns the rows of a grid; `chosenTerms` are the structure's. */
export function gridRows(grid: QuoteGrid, chosenTerms: number[]): GridRow[] {
  const scored = grid.npv_cents === undefined;
  const worths = (scored ? grid.score : grid.npv_cents) ?? [];
  const best = grid.terms_months.map((term, row) => bestOf(term, worths[row] ?? [], grid.eligible[row] ?? []));
  let top: Best | null = null;
  for (const each of best) {
    if (each && chosenTerms.includes(each.term) && (!top || each.worth > top.worth)) top = each;
  }
  return grid.terms_months.map((term, row) => {
    const chosen = chosenTerms.includes(term);
    const own = best[row];
    if (chosen || !top || !own) return { term, chosen, against: null };
    const more = own.worth - top.worth;
    return { term, chosen, against: { beats: more > 0, term: top.term, cents: scored ? null : Math.abs(more) } };
  });
}

/** Returns how a cell differs from the offer, in a grid that has the best lender in each cell. */
export function cellDifference(
  quote: QuoteReply,
  row: number,
  column: number,
): { lender: string | null; discountCents: number | null } {
  const { grid } = quote;
  const lender = grid.lender?.[row]?.[column] ?? null;
  const discount = grid.discount_cents?.[row]?.[column] ?? null;
  const comparable = quote.lender !== undefined && lender !== null;
  return {
    lender: comparable && lender !== quote.lender ? lender : null,
    discountCents: discount !== null && discount !== (quote.discount_cents ?? 0) ? discount : null,
  };
}

/** Returns whether a column is above what the customer said to have at most. */
export function overMaximum(cashCents: number, structure: Record<string, unknown>): boolean {
  const most = structure.cash_down_max_cents;
  return typeof most === "number" && cashCents > Math.max(most, Number(structure.cash_down_cents ?? 0));
}

function bestOf(term: number, worths: (number | null)[], eligible: boolean[]): Best | null {
  const known = worths.filter((worth, column): worth is number => worth !== null && eligible[column] === true);
  return known.length > 0 ? { term, worth: Math.max(...known) } : null;
}
