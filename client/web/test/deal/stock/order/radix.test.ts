import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRows, keyOf, type Order } from "../../../../src/deal/stock/order/order";
import { ordered } from "../../../../src/deal/stock/order/radix";
import { sorted } from "../../../../src/deal/stock/order/sort";
import { RowTable } from "../../../../src/deal/stock/rows";

test("numbers of any sign and size come in their order, ties by the second, then as they stood", () => {
  const keys = Float64Array.from([3, -1, 0, 2 ** 50, -(2 ** 49), 3, 0.5, -0.5, Number.POSITIVE_INFINITY, -1e300, 3]);
  const ties = Float64Array.from([7, 0, 0, 0, 0, -7, 0, 0, 0, 0, 7]);
  assert.deepEqual([...ordered(keys, ties)], [9, 4, 1, 7, 2, 6, 5, 0, 10, 3, 8]);
  assert.deepEqual([...ordered(new Float64Array(0), new Float64Array(0))], []);
  assert.deepEqual([...ordered(Float64Array.from([1, 1]), null)], [0, 1]);
});

test("many rows are sorted as the comparison of two says, by every key and in both directions", () => {
  let state = 7;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const count = 400;
  const cells = <T>(make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const table = new RowTable();
  const payment = cells(() => (random(3) === 0 ? null : random(9) * 100));
  table.addSnapshot(
    {
      vehicle_id: cells((i) => String(900 - i)),
      rev: cells(() => 1),
      make: cells(() => ["kia", "Kia", "BMW"][random(3)]),
      model: cells(() => ["A", "b"][random(2)]),
      trim: cells(() => ""),
      price_cents: cells(() => random(4)),
      mileage: cells(() => random(5)),
      payment_cents: payment,
      lender: payment.map((paid) => (paid === null ? null : ["Summit", "group"][random(2)])),
      npv_cents: payment.map((paid) => (paid === null || random(4) === 0 ? null : random(7) - 3)),
      rate_bp: payment.map((paid) => (paid === null || random(3) === 0 ? null : random(3))),
      out_the_door_cents: payment.map((paid) => (paid === null && random(2) === 0 ? 900 : null)),
      valued: cells(() => random(8) !== 0),
    },
    count,
  );
  const places = [...table.rows.keys()];
  for (const key of ["npv_cents", "payment_cents", "rate_bp", "mileage", "make", "lender", "price_cents"] as const) {
    for (const descending of [true, false]) {
      const order: Order = { key, descending };
      const compare = compareRows(order, 300);
      const found = sorted(table.rows, places, order, 300);
      const shuffled = [...places].sort(() => random(3) - 1);
      assert.deepEqual(sorted(table.rows, shuffled, order, 300), found, `${key} ${descending}: as they came`);
      for (const [i, place] of found.entries()) {
        for (const later of found.slice(i + 1)) {
          const [before, after] = [table.rows[place]!, table.rows[later]!];
          assert.ok(compare(before, after) < 0 && compare(after, before) > 0, `${key} ${descending} ${i}`);
          const unknown = keyOf(before, key) === null && keyOf(after, key) === null;
          assert.ok(!(unknown && before.value !== "offer" && after.value === "offer"), `${key}: an offer after none`);
        }
      }
    }
  }
});
