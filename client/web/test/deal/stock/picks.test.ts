import assert from "node:assert/strict";
import { test } from "node:test";
import { picksOf } from "../../../src/deal/stock/picks";
import { RowTable } from "../../../src/deal/stock/rows";

const BEST = { key: "npv_cents", descending: true } as const;
const KEYS = [null, "payment_cents", "cash_down_cents"] as const;

/** Cars named by their place, each its payment, cash and NPV; null: no offer. */
function carsOf(...offers: ([payment: number, cash: number, npv: number] | null)[]) {
  const table = new RowTable();
  const ids = offers.map((_, i) => String(i));
  const revs = offers.map(() => 1);
  table.addMatches({ vehicle_id: ids, rev: revs, price_cents: revs }, ids.length);
  table.addOffers(
    {
      vehicle_id: ids,
      rev: revs,
      payment_cents: offers.map((offer) => offer?.[0] ?? null),
      cash_down_cents: offers.map((offer) => offer?.[1] ?? null),
      npv_cents: offers.map((offer) => offer?.[2] ?? null),
      binding: offers.map((offer) => (offer ? null : "pti")),
    },
    ids.length,
  );
  return table.rows;
}

const named = (rows: ReturnType<typeof carsOf>, least = 0) =>
  picksOf(rows, KEYS, BEST, least).map((row) => row?.vehicle_id);

test("the best, the lowest payment and the least cash are three cars; of equals the best one is taken", () => {
  const cars = carsOf(null, [450, 200, 10], [460, 300, 90], [400, 300, 20], [450, 200, 50]);
  assert.deepEqual(named(cars), ["2", "3", "4"]);
});

test("a payment below the target comes last, and counts where there is no other", () => {
  assert.deepEqual(named(carsOf([300, 100, 99], [400, 200, 10]), 350), ["1", "1", "1"]);
  assert.deepEqual(named(carsOf([300, 100, 99], [200, 200, 10]), 350), ["0", "1", "0"]);
});

test("without an offer there is nothing to start with", () => {
  assert.deepEqual(named(carsOf(null, null)), [undefined, undefined, undefined]);
  assert.deepEqual(named(carsOf()), [undefined, undefined, undefined]);
});
