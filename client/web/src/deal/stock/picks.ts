// The cars to look at first: the best offer by value, by payment and by cash. Pure.
import { compareRows, type Order, type SortKey, underTarget } from "./order/order";
import type { Row } from "./rows";

/**
 * Returns for each key the offer that has the least of it, and for null the best one by `best`; undefined without an
 * offer. Those below the payment target come last, and of equals the best one is taken.
 */
export function picksOf(
  rows: readonly Row[],
  keys: readonly (SortKey | null)[],
  best: Order,
  leastPayment: number,
): (Row | undefined)[] {
  const better = compareRows(best);
  const offers = rows.filter(({ value }) => value === "offer");
  const least = (row: Row, key: SortKey) => Number(row[key] ?? Number.POSITIVE_INFINITY);
  return keys.map((key) =>
    offers.reduce<Row | undefined>((first, row) => {
      if (!first) return row;
      const apart =
        Number(underTarget(row, leastPayment)) - Number(underTarget(first, leastPayment)) ||
        (key && least(row, key) - least(first, key)) ||
        better(row, first);
      return apart < 0 ? row : first;
    }, undefined),
  );
}
