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
  const places = [...rows.keys()].filter((i) => rows[i]!.npv_cents !== null && rows[i]!.stress_npv_cents !== null);
  const place = ranked(places, (i) => rows[i]!.npv_cents!);
  const stressed = ranked(places, (i) => rows[i]!.stress_npv_cents!);
  const ranks: (StressRank | null)[] = Array.from(rows, () => null);
  for (const i of places) {
    const rank = { offers: places.length, place: place.get(i)!, stressed: stressed.get(i)! };
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

/** Returns the place of each of `items`, the greatest value first. */
function ranked(items: readonly number[], amountOf: (item: number) => number): Map<number, number> {
  const order = [...items].sort((a, b) => amountOf(b) - amountOf(a));
  const ranks = new Map<number, number>();
  for (const [index, item] of order.entries()) {
    const before = order[index - 1];
    const tied = before !== undefined && amountOf(before) === amountOf(item);
    ranks.set(item, tied ? ranks.get(before)! : index + 1);
  }
  return ranks;
}
