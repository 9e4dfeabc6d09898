// Rank changes of the deal's offers when losses rise. Pure.
import type { Formats } from "../../text/format";
import type { Row } from "./rows";

/** The offers that a person looks at first. */
export const LEADERS = 10;
/** Anywhere else, a move counts from this share of all offers on, ... */
export const MOVED_SHARE = 0.1;
/** ... and from this many places on. */
export const LEAST_MOVE = 3;

/** The rank of an offer by NPV and by stress NPV, 1 is the best; equal values share the better rank. */
export interface StressRank {
  offers: number;
  place: number;
  stressed: number;
  /** Whether the offer turns over: it leaves or joins the first ten, or moves by a tenth of all offers. */
  turns: "falls" | "rises" | null;
}

/** Returns the rank of each row, null for a row without both values. Takes two sorts of the offers. */
export function stressRanks(rows: readonly Row[]): (StressRank | null)[] {
  const ranks: (StressRank | null)[] = Array.from(rows, () => null);
  const both = rows.filter((row) => row.npv_cents !== null && row.stress_npv_cents !== null);
  const values = descending(both.map((row) => row.npv_cents!));
  const stressed = descending(both.map((row) => row.stress_npv_cents!));
  for (const [i, { npv_cents, stress_npv_cents }] of rows.entries()) {
    if (npv_cents === null || stress_npv_cents === null) continue;
    const rank = {
      offers: both.length,
      place: rankIn(values, npv_cents),
      stressed: rankIn(stressed, stress_npv_cents),
    };
    ranks[i] = { ...rank, turns: turnOf(rank) };
  }
  return ranks;
}

function turnOf({ offers, place, stressed }: Omit<StressRank, "turns">): StressRank["turns"] {
  const leads = place <= LEADERS !== stressed <= LEADERS;
  const far = Math.abs(place - stressed) >= Math.max(LEAST_MOVE, MOVED_SHARE * offers);
  if (!leads && !far) return null;
  return stressed > place ? "falls" : "rises";
}

/** Returns both places in words: "12th of 340, 41st under stress". */
export function rankText({ offers, place, stressed }: StressRank, formats: Formats): string {
  return `${formats.ordinal(place)} of ${formats.count(offers)}, ${formats.ordinal(stressed)} under stress`;
}

/** Returns the negatives of amounts, the greatest amount first. Without a function to compare, it sorts natively. */
function descending(amounts: readonly number[]): Float64Array {
  return Float64Array.from(amounts, (amount) => -amount).sort();
}

/** Returns how many amounts are greater than this one, and one more: equal ones share the better rank. */
function rankIn(negatives: Float64Array, amount: number): number {
  let [low, high] = [0, negatives.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (negatives[middle]! < -amount) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}
