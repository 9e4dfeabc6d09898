// The terms of the pencil grid; its columns are the store's, or the person's, steps of cash. Pure.
import { OFFERED_TERMS } from "../terms/fields";

/** The most rows that a quote may ask for. */
const LONGEST = 12;

/** Returns the rows of the grid for a structure: its terms among the usual ones. */
export function gridTerms(structure: Record<string, unknown>): number[] {
  const terms = (structure.terms_months as number[] | undefined) ?? [];
  return [...new Set([...terms, ...OFFERED_TERMS])].sort((a, b) => a - b).slice(0, LONGEST);
}
