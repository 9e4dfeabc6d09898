// The terms of the pencil grid; its columns are the store's, or the person's, steps of cash. Pure.
import type { QuoteReply } from "../../wire";
import { OFFERED_TERMS } from "../terms/fields";

/** The most rows that a quote may ask for. */
const LONGEST = 12;

/** Returns the rows of the grid for a structure: its terms among the usual ones. */
export function gridTerms(structure: Record<string, unknown>): number[] {
  const terms = (structure.terms_months as number[] | undefined) ?? [];
  return [...new Set([...terms, ...OFFERED_TERMS])].sort((a, b) => a - b).slice(0, LONGEST);
}

/** Returns the columns of a quote's grids, ascending. */
export function columnsOf({ grid, lease_grid: lease }: Pick<QuoteReply, "grid" | "lease_grid">): number[] {
  const own = grid?.cash_down_cents ?? [];
  return [...new Set([...own, ...(lease?.cash_down_cents ?? [])])].sort((a, b) => a - b).slice(0, LONGEST);
}

/** Returns columns that have an amount of cash, ascending; no columns are the server's own. */
export function axisWith(columns: readonly number[], cashCents: number | undefined): number[] {
  if (columns.length === 0 || cashCents === undefined || columns.includes(cashCents)) return [...columns];
  return [...columns.slice(0, LONGEST - 1), cashCents].sort((a, b) => a - b);
}
