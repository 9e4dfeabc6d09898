// Rank changes of the deal's offers when losses rise. Pure.
import type { Formats } from "../../text/format";
import { ordered } from "./order/radix";
import type { Row } from "./rows";

/** The offers that a person looks at first. */
export const LEADERS = 10;
/** Anywhere else, a move counts from this share of all offers on, ... */
const MOVED_SHARE = 0.1;
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

/** The ranks of a table's offers, as they were when they were last reckoned. */
export class StressRanks {
  /** How many offers change their rank. */
  turned = 0;
  /** By place in the table: the rank by NPV and by stress NPV; 0 without both values. */
  private places: Uint32Array<ArrayBuffer>;
  private stressed: Uint32Array<ArrayBuffer>;
  private readonly offers: number;
  /** Ranks that were asked for: a row is drawn again if it gets another object. */
  private readonly told = new Map<number, StressRank>();

  constructor(rows: readonly Row[]) {
    const valued = Uint32Array.from(rows.keys()).filter(
      (place) => rows[place]!.npv_cents !== null && rows[place]!.stress_npv_cents !== null,
    );
    this.offers = valued.length;
    this.places = ranked(rows.length, valued, (place) => rows[place]!.npv_cents!);
    this.stressed = ranked(rows.length, valued, (place) => rows[place]!.stress_npv_cents!);
    this.count();
  }

  /** Returns the rank of the row at a place; null without both values, or if it came later. */
  at(place: number): StressRank | null {
    if (!this.places[place]) return null;
    let rank = this.told.get(place);
    if (!rank) {
      const [by, under] = [this.places[place], this.stressed[place]!];
      rank = { offers: this.offers, place: by, stressed: under, turns: turnOf(this.offers, by, under) };
      this.told.set(place, rank);
    }
    return rank;
  }

  /** Takes the removal of a row: those behind it move up, and the other ranks stay as they were. */
  remove(place: number): void {
    if (place >= this.places.length) return;
    this.places = without(this.places, place);
    this.stressed = without(this.stressed, place);
    this.told.clear();
    this.count();
  }

  private count(): void {
    this.turned = 0;
    for (const [place, by] of this.places.entries())
      if (by && turnOf(this.offers, by, this.stressed[place]!) !== null) this.turned += 1;
  }
}

function turnOf(offers: number, place: number, stressed: number): StressRank["turns"] {
  const leads = place <= LEADERS !== stressed <= LEADERS;
  const far = Math.abs(place - stressed) >= Math.max(LEAST_MOVE, MOVED_SHARE * offers);
  if (!leads && !far) return null;
  return stressed > place ? "falls" : "rises";
}

/** Returns both places in words: "12th of 340, 41st under stress". */
export function rankText({ offers, place, stressed }: StressRank, formats: Formats): string {
  return `${formats.ordinal(place)} of ${formats.count(offers)}, ${formats.ordinal(stressed)} under stress`;
}

/** Returns the ranks of some of `count` rows, the greatest amount first; equal ones share the better rank. */
function ranked(count: number, valued: Uint32Array, amountOf: (place: number) => number): Uint32Array<ArrayBuffer> {
  const negatives = Float64Array.from(valued, (place) => -amountOf(place));
  const ranks = new Uint32Array(count);
  let rank = 0;
  let before = Number.NaN;
  for (const [i, found] of ordered(negatives, null).entries()) {
    if (negatives[found] !== before) rank = i + 1;
    before = negatives[found]!;
    ranks[valued[found]!] = rank;
  }
  return ranks;
}

function without(cells: Uint32Array<ArrayBuffer>, place: number): Uint32Array<ArrayBuffer> {
  cells.copyWithin(place, place + 1);
  return cells.subarray(0, cells.length - 1);
}
