// The order in which this person sees the rows. It changes only on request: later rows are added at the end, and
// `better` counts those that would move up.
import type { Changed, Row } from "./rows";

export type SortKey =
  | "npv_cents"
  | "stress_npv_cents"
  | "score"
  | "payment_cents"
  | "price_cents"
  | "mileage"
  | "year"
  | "days_in_stock"
  | "term_months"
  | "rate_bp"
  | "cash_down_cents"
  | "cost_cents"
  | "make"
  | "body"
  | "lender"
  | "stock_no"
  | "transfer_days"
  | "transfer_cost_cents";

export interface Order {
  key: SortKey;
  descending: boolean;
}

/** With these keys, cars below the payment target come after those that reach it. */
export const VALUE_KEYS: ReadonlySet<SortKey> = new Set(["npv_cents", "stress_npv_cents", "score"]);
const TEXT_KEYS: ReadonlySet<SortKey> = new Set(["make", "body", "lender", "stock_no"]);

/** Returns whether a car's payment is below the target's minimum, which is not a limit. */
export function underTarget(row: Row, leastPayment: number): boolean {
  return row.payment_cents !== null && row.payment_cents < leastPayment;
}

/**
 * Compares two rows: by key, rows without one last in both directions, ties by price and then by id. When sorted by
 * value, rows below the payment target come after the others, in both directions; offers whose value is the desk's,
 * such as leases, go by payment.
 */
export function compareRows(order: Order, leastPayment = 0): (a: Row, b: Row) => number {
  const sign = order.descending ? -1 : 1;
  const least = VALUE_KEYS.has(order.key) ? leastPayment : 0;
  return (a, b) => {
    const left = keyOf(a, order.key);
    const right = keyOf(b, order.key);
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
      const [less, more] = [a.payment_cents, b.payment_cents];
      if (VALUE_KEYS.has(order.key) && less !== null && more !== null && less !== more) return less - more;
    } else if (underTarget(a, least) !== underTarget(b, least)) {
      return underTarget(a, least) ? 1 : -1;
    } else if (left !== right) {
      return (left < right ? -1 : 1) * sign;
    }
    return a.price_cents - b.price_cents || (a.vehicle_id < b.vehicle_id ? -1 : 1);
  };
}

function keyOf(row: Row, key: SortKey): number | string | null {
  if (key === "make") return `${row.make} ${row.model} ${row.trim}`.toLowerCase();
  const value = row[key];
  return TEXT_KEYS.has(key) && typeof value === "string" ? value.toLowerCase() : value;
}

/** Returns whether a row's text contains every word of `words` (lower case). */
export function holdsWords(row: Row, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [row.year, row.make, row.model, row.trim, row.body, row.stock_no, row.vin, row.lender ?? ""]
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

export class Ranking {
  /** Places in the table's rows, in the order on the screen. */
  shown: number[] = [];
  order: Order;
  /** The target's minimum monthly payment in cents: it only sorts and hides nothing. */
  leastPayment = 0;
  private words: string[] = [];
  private last: Row | null = null;
  private readonly risers = new Set<number>();

  constructor(order: Order) {
    this.order = order;
  }

  /** How many rows would rank above the last ranked one, if the rows were ranked now. */
  get better(): number {
    return this.risers.size;
  }

  get filtered(): boolean {
    return this.words.length > 0;
  }

  /** Takes added or changed rows without moving shown ones. */
  admit(rows: readonly Row[], changed: Changed): void {
    for (const place of changed.added) {
      if (holdsWords(rows[place]!, this.words)) this.shown.push(place);
    }
    for (const place of [...changed.added, ...changed.updated]) this.weigh(rows[place]!, place);
  }

  /** Removes a row that is no longer in the table; the others keep their order. */
  remove(gone: number): void {
    const moved = (place: number) => (place > gone ? place - 1 : place);
    this.shown = this.shown.filter((place) => place !== gone).map(moved);
    const risers = [...this.risers].filter((place) => place !== gone).map(moved);
    this.risers.clear();
    for (const place of risers) this.risers.add(place);
  }

  /** Ranks all rows now. */
  settle(rows: readonly Row[]): void {
    const compare = compareRows(this.order, this.leastPayment);
    this.shown = [...rows.keys()]
      .filter((place) => holdsWords(rows[place]!, this.words))
      .sort((a, b) => compare(rows[a]!, rows[b]!));
    this.risers.clear();
    this.last = null;
    for (let i = this.shown.length - 1; i >= 0 && !this.last; i--) {
      const row = rows[this.shown[i]!]!;
      if (keyOf(row, this.order.key) !== null) this.last = row;
    }
  }

  /** Orders by another key, and ranks. */
  sortBy(order: Order, rows: readonly Row[]): void {
    this.order = order;
    this.settle(rows);
  }

  /** Shows only rows that hold all words of `text`, and ranks. */
  filter(text: string, rows: readonly Row[]): void {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.settle(rows);
  }

  private weigh(row: Row, place: number): void {
    const ranked = keyOf(row, this.order.key) !== null && holdsWords(row, this.words);
    const rises = ranked && (!this.last || compareRows(this.order, this.leastPayment)(row, this.last) < 0);
    if (rises) this.risers.add(place);
    else this.risers.delete(place);
  }
}
