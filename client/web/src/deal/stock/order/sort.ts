// Sorts many rows: the keys are read once into arrays of numbers, and only the places are moved.

import type { Row } from "../rows";
import { leastOf, type Order, placeWithoutKey, TEXT_KEYS, textKey, UNDER, underTarget } from "./order";
import { ordered } from "./radix";

/** Above every key: there are the rows without one. */
const NOTHING = 2 ** 50;

/** Returns the places of `places` in the order of `compareRows`. */
export function sorted(rows: readonly Row[], places: readonly number[], order: Order, leastPayment: number): number[] {
  const keys = TEXT_KEYS.has(order.key) ? textKeys(rows, places, order) : numberKeys(rows, places, order, leastPayment);
  const prices = new Float64Array(places.length);
  for (let i = 0; i < prices.length; i++) prices[i] = rows[places[i]!]!.price_cents;
  const found = ordered(keys, prices);
  byId(rows, places, found, (one, other) => keys[one] === keys[other] && prices[one] === prices[other]);
  return Array.from(found, (i) => places[i]!);
}

/** Puts what is equal so far in the order of ids. */
function byId(
  rows: readonly Row[],
  places: readonly number[],
  found: Uint32Array,
  equal: (one: number, other: number) => boolean,
): void {
  const idOf = (i: number) => rows[places[i]!]!.vehicle_id;
  for (let start = 0; start < found.length; ) {
    let end = start + 1;
    while (end < found.length && equal(found[start]!, found[end]!)) end += 1;
    if (end - start > 1) found.subarray(start, end).sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
    start = end;
  }
}

function numberKeys(
  rows: readonly Row[],
  places: readonly number[],
  { key, descending }: Order,
  leastPayment: number,
): Float64Array<ArrayBuffer> {
  const keys = new Float64Array(places.length);
  const sign = descending ? -1 : 1;
  const least = leastOf(key, leastPayment);
  for (let i = 0; i < keys.length; i++) {
    const row = rows[places[i]!]!;
    const value = row[key] as number | null;
    if (value === null) keys[i] = NOTHING + placeWithoutKey(row, least);
    else keys[i] = value * sign + (underTarget(row, least) ? UNDER : 0);
  }
  return keys;
}

/** Texts become the numbers of their order: most rows share theirs with others. */
function textKeys(
  rows: readonly Row[],
  places: readonly number[],
  { key, descending }: Order,
): Float64Array<ArrayBuffer> {
  const texts = places.map((place) => textKey(rows[place]!, key));
  const distinct = [...new Set(texts)].filter((text) => text !== null).sort();
  if (descending) distinct.reverse();
  const numbers = new Map<string | null, number>(distinct.map((text, i) => [text, i]));
  return Float64Array.from(texts, (text, i) => numbers.get(text) ?? NOTHING + placeWithoutKey(rows[places[i]!]!, 0));
}
