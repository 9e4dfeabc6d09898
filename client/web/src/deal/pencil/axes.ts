// The terms and cash amounts of the pencil grid. Pure.
import { OFFERED_TERMS } from "../terms/fields";

/** The most rows and columns that a quote may ask for. */
const LONGEST = 12;
const STEPS = 3;
const STEP_WITHOUT_MAXIMUM_CENTS = 100_000;
const ROUND_CENTS = 10_000;

/**
 * Returns the rows and columns of the grid for a structure: its terms among the usual ones, and its cash from the least
 * to the most in round steps. `offeredCents` is the cash of the car's offer, which gets its own column.
 */
export function gridAxes(
  structure: Record<string, unknown>,
  offeredCents: number | null,
): { terms: number[]; cash: number[] } {
  const terms = (structure.terms_months as number[] | undefined) ?? [];
  const least = Number(structure.cash_down_cents ?? 0);
  const most = Math.max(least, Number(structure.cash_down_max_cents ?? least));
  const step = most > least ? (most - least) / STEPS : STEP_WITHOUT_MAXIMUM_CENTS;
  const between = Array.from({ length: STEPS - 1 }, (_, i) => round(least + step * (i + 1)));
  const last = most > least ? most : least + step * STEPS;
  const cash = [
    least,
    ...between.filter((cents) => cents > least && cents < last),
    last,
    ...(offeredCents === null ? [] : [offeredCents]),
  ];
  return { terms: ascending([...terms, ...OFFERED_TERMS]), cash: ascending(cash) };
}

function round(cents: number): number {
  return Math.round(cents / ROUND_CENTS) * ROUND_CENTS;
}

function ascending(values: number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b).slice(0, LONGEST);
}
