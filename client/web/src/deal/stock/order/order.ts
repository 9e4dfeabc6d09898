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
  | "transfer_cost_cents";

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
  "lender",
  "stock_no",
  "store_id",
]);

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
  const byValue = VALUE_KEYS.has(order.key);
  const least = byValue ? leastPayment : 0;
  return (a, b) => {
    const left = keyOf(a, order.key);
    const right = keyOf(b, order.key);
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
      const [less, more] = [a.payment_cents, b.payment_cents];
      if (byValue && less !== more) return (less ?? Number.POSITIVE_INFINITY) - (more ?? Number.POSITIVE_INFINITY);
    } else if (underTarget(a, least) !== underTarget(b, least)) {
      return underTarget(a, least) ? 1 : -1;
    } else if (left !== right) {
      return (left < right ? -1 : 1) * sign;
    }
    return a.price_cents - b.price_cents || (a.vehicle_id < b.vehicle_id ? -1 : 1);
  };
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
