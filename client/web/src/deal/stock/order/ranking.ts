// The order in which this person sees the rows. It changes only on request: later rows are added at the end, and
// `better` counts those that would move up.
import type { Changed, Row } from "../rows";
import { compareRows, isPlaced, type Order } from "./order";
import { sorted } from "./sort";

/** Which rows pass what this person wants. */
export interface Sieve {
  passes(place: number): boolean;
}

const FIRST_ROOM = 1_024;

export const EVERY_ROW: Sieve = { passes: () => true };

export class Ranking {
  /** Places in the table's rows, in the order on the screen. */
  shown: number[] = [];
  order: Order;
  /** The target's minimum monthly payment in cents: it only sorts and hides nothing. */
  leastPayment = 0;
  private last: Row | null = null;
  private readonly risers = new Set<number>();
  /** 1 for each place that is shown. */
  private inside = new Uint8Array(FIRST_ROOM);

  constructor(order: Order) {
    this.order = order;
  }

  /** How many rows would rank above the last ranked one, if the rows were ranked now. */
  get better(): number {
    return this.risers.size;
  }

  /** Takes added or changed rows without moving shown ones. One that does not pass after its change is left out. */
  admit(rows: readonly Row[], { added, updated }: Changed, sieve: Sieve = EVERY_ROW): void {
    const compare = compareRows(this.order, this.leastPayment);
    this.reserve(rows.length);
    let out = false;
    for (const places of [added, updated]) {
      for (const place of places) {
        const passes = sieve.passes(place);
        if (passes && this.inside[place] === 0) this.shown.push(place);
        if (!passes && this.inside[place] === 1) out = true;
        this.inside[place] = passes ? 1 : 0;
        this.weigh(rows[place]!, place, passes, compare);
      }
    }
    if (out) this.shown = this.shown.filter((place) => this.inside[place] === 1);
  }

  /** Removes a row that is no longer in the table; the others keep their order. */
  remove(gone: number): void {
    const moved = (place: number) => (place > gone ? place - 1 : place);
    this.shown = this.shown.filter((place) => place !== gone).map(moved);
    const risers = [...this.risers].filter((place) => place !== gone).map(moved);
    this.risers.clear();
    for (const place of risers) this.risers.add(place);
    this.inside.copyWithin(gone, gone + 1);
  }

  /** Ranks all rows that pass, now. */
  settle(rows: readonly Row[], sieve: Sieve = EVERY_ROW): void {
    const passing: number[] = [];
    for (let place = 0; place < rows.length; place++) if (sieve.passes(place)) passing.push(place);
    this.shown = sorted(rows, passing, this.order, this.leastPayment);
    this.risers.clear();
    this.reserve(rows.length);
    this.inside.fill(0);
    for (const place of passing) this.inside[place] = 1;
    this.last = null;
    for (let i = this.shown.length - 1; i >= 0 && !this.last; i--) {
      const row = rows[this.shown[i]!]!;
      if (isPlaced(row, this.order.key)) this.last = row;
    }
  }

  /** Makes room for so many rows, and for one more: the last place of a full array would be copied by a removal. */
  private reserve(rows: number): void {
    if (rows < this.inside.length) return;
    const larger = new Uint8Array(Math.max(rows + 1, 2 * this.inside.length));
    larger.set(this.inside);
    this.inside = larger;
  }

  private weigh(row: Row, place: number, passes: boolean, compare: (a: Row, b: Row) => number): void {
    const ranked = passes && isPlaced(row, this.order.key);
    const rises = ranked && (!this.last || compare(row, this.last) < 0);
    if (rises) this.risers.add(place);
    else this.risers.delete(place);
  }
}
