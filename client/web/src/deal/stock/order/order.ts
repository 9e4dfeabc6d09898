// By what rows are sorted, and which of two comes first. Pure.
import type { Row } from "../rows";

export type SortKey =
  | "npv_cents"
  | "stress_npv_cents"
  | "score"
  | "payment_cents"
  | "price_cents"
  | "mileage"
  | "year"
  | "days_in_stock"
  | "age_bucket"
  | "days_supply"
  | "term_months"
  | "rate_bp"
  | "cash_down_cents"
  | "discount_cents"
  | "tradeoffs"
  | "cost_cents"
  | "make"
  | "trim"
  | "body"
  | "fuel"
  | "lender"
  | "stock_no"
  | "store_id"
  | "transfer_days"
  | "transfer_cost_cents"
  | "floorplan_cents";

export interface Order {
  key: SortKey;
  descending: boolean;
}

/** With these keys, cars below the payment target come after those that reach it. */
export const VALUE_KEYS: ReadonlySet<SortKey> = new Set(["npv_cents", "stress_npv_cents", "score"]);
export const TEXT_KEYS: ReadonlySet<SortKey> = new Set([
  "make",
  "trim",
  "body",
  "fuel",
  "age_bucket",
  "lender",
  "stock_no",
  "store_id",
]);

/** Returns whether a car's payment is below the target's minimum, which is not a limit. */
export function underTarget(row: Row, leastPayment: number): boolean {
  return row.payment_cents !== null && row.payment_cents < leastPayment;
}

/**
 * Compares two rows: by key, rows without one last in both directions and in the order of `placeWithoutKey`, ties by
 * price and then by id. When sorted by value, rows below the payment target come after the others, in both directions.
 */
export function compareRows(order: Order, leastPayment = 0): (a: Row, b: Row) => number {
  const sign = order.descending ? -1 : 1;
  const least = leastOf(order.key, leastPayment);
  return (a, b) => {
    const left = keyOf(a, order.key);
    const right = keyOf(b, order.key);
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
      const apart = placeWithoutKey(a, least) - placeWithoutKey(b, least);
      if (apart !== 0) return apart;
    } else if (underTarget(a, least) !== underTarget(b, least)) {
      return underTarget(a, least) ? 1 : -1;
    } else if (left !== right) {
      return (left < right ? -1 : 1) * sign;
    }
    return a.price_cents - b.price_cents || (a.vehicle_id < b.vehicle_id ? -1 : 1);
  };
}

/** Returns below which payment rows come after the others. */
export function leastOf(key: SortKey, leastPayment: number): number {
  return VALUE_KEYS.has(key) ? leastPayment : 0;
}

/** Above every amount in cents: those are below 2^44. Payments below the target come first there. */
export const UNDER = 2 ** 48;
const NO_PAYMENT = 2 ** 49;
const NO_OFFER = NO_PAYMENT + UNDER;

/**
 * Returns a number by which rows stand that have nothing to be sorted by. First the offers: a salesperson sees no value
 * of a lease, no rate of it, and no payment of a cash offer, which goes last. Then cars without an offer.
 */
export function placeWithoutKey(row: Row, least: number): number {
  if (row.value !== "offer") return NO_OFFER;
  return row.payment_cents === null ? NO_PAYMENT : row.payment_cents + (underTarget(row, least) ? UNDER : 0);
}

/** Whether the order says more of a row than that it is here: it has what is sorted by, or an offer. */
export function isPlaced(row: Row, key: SortKey): boolean {
  return row.value === "offer" || keyOf(row, key) !== null;
}

/** Returns what a row is sorted by. */
export function keyOf(row: Row, key: SortKey): number | string | null {
  return TEXT_KEYS.has(key) ? textKey(row, key) : row[key];
}

/** Returns what a row is sorted by if that is a text. */
export function textKey(row: Row, key: SortKey): string | null {
  if (key === "make") return `${row.make} ${row.model} ${row.trim}`.toLowerCase();
  const value = row[key];
  return value === null ? null : String(value).toLowerCase();
}
