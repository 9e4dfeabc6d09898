import assert from "node:assert/strict";
import { test } from "node:test";
import { ageBucket } from "../../../src/deal/stock/ages";
import { columnsFor, firstOrder, nextOrder } from "../../../src/deal/stock/columns";
import type { SortKey } from "../../../src/deal/stock/order/order";
import { sorted } from "../../../src/deal/stock/order/sort";
import { RowTable } from "../../../src/deal/stock/rows";
import { formatsFor } from "../../../src/text/format";
import type { Scope, View } from "../../../src/wire";

const US = formatsFor("en-US");
const TRANSFER = ["transfer_days", "transfer_cost_cents"];
const transfer = (view: View, scope: Scope) =>
  columnsFor(view, scope, false)
    .map((column) => column.key as string)
    .filter((key) => TRANSFER.includes(key));

test("what a transfer takes stands in the grid where the group is searched, its cost for managers", () => {
  assert.deepEqual(transfer("manager", "group"), TRANSFER);
  assert.deepEqual(transfer("sales", "group"), ["transfer_days"]);
  for (const view of ["manager", "sales"] as const) {
    assert.deepEqual(transfer(view, "store"), []);
    assert.ok(columnsFor(view, "store", false).length >= 8);
  }
});

test("an own car has no transfer; one of another store shows days and dollars", () => {
  const table = new RowTable();
  const columns = { vehicle_id: ["1", "2"], rev: [1, 1], transfer_days: [0, 2], transfer_cost_cents: [0, 22500] };
  table.addMatches(columns, 2);
  const shown = columnsFor("manager", "group", false).filter((column) => TRANSFER.includes(column.key));
  const texts = table.rows.map((row) => shown.map((column) => column.text(row, US)));
  assert.deepEqual(texts, [
    ["–", "–"],
    ["2", "$225"],
  ]);
});

test("where the store shows its salespeople scores, they stand in the place of NPVs, and rank the cars", () => {
  const worth = (view: View, scores: boolean) =>
    columnsFor(view, "store", scores)
      .map((column) => column.key as string)
      .filter((key) => ["npv_cents", "score"].includes(key));
  assert.deepEqual(worth("sales", true), ["score"]);
  assert.deepEqual(worth("sales", false), ["npv_cents"]);
  assert.deepEqual(worth("manager", true), ["npv_cents"]);
  assert.deepEqual([firstOrder("sales", true).key, firstOrder("manager", true).key], ["score", "npv_cents"]);
  const table = new RowTable();
  table.addMatches({ vehicle_id: ["1"], rev: [1] }, 1);
  table.addOffers({ vehicle_id: ["1"], rev: [1], score: [4] }, 1);
  const [column] = columnsFor("sales", "store", true).filter(({ key }) => key === "score");
  assert.equal(column!.text(table.rows[0]!, US), "4 of 5");
});

test("an offer on a car of unknown cost says that its value is incomplete; a car without an offer says nothing", () => {
  const table = new RowTable();
  const ids = { vehicle_id: ["1", "2"], rev: [1, 1], cost_cents: [null, 900000] };
  table.addSnapshot({ ...ids, payment_cents: [41234, null], npv_cents: [null, null], valued: [true, true] }, 2);
  const shown = columnsFor("manager", "store", false).filter(({ key }) => key === "npv_cents" || key === "cost_cents");
  assert.deepEqual(
    table.rows.map((row) => shown.map((column) => column.text(row, US))),
    [
      ["incomplete", "unknown"],
      ["–", "$9,000"],
    ],
  );
});

test("age bucket and days' supply are the staff's to choose, the floorplan to date the managers'", () => {
  const turn = ["age_bucket", "days_supply", "floorplan_cents"];
  const keys = (view: View) => columnsFor(view, "store", false).filter(({ key }) => turn.includes(key));
  assert.deepEqual(
    (["manager", "sales"] as const).map((view) => keys(view).map(({ key }) => key)),
    [turn, turn.slice(0, 2)],
  );
  assert.ok(
    keys("manager").every(({ usual }) => !usual),
    "nobody sees them unasked",
  );
  const table = new RowTable();
  const ids = { vehicle_id: ["1", "2", "3"], rev: [1, 1, 1], days_in_stock: [0, 61, null] };
  table.addMatches({ ...ids, days_supply: [1234, 48, null], floorplan_cents: [0, 98765, null] }, 3);
  assert.deepEqual(
    table.rows.map((row) => keys("manager").map((column) => column.text(row, US))),
    [
      ["0–30", "1,234", "$0"],
      ["61–90", "48", "$988"],
      ["–", "–", "–"],
    ],
    "what nobody knows is not zero",
  );
});

test("sorted by age bucket, by supply and by floorplan, the most comes first and the unknown last", () => {
  const table = new RowTable();
  const vehicle_id = ["1", "2", "3", "4", "5"];
  const columns = { days_in_stock: [30, null, 91, 90, 31], days_supply: [9, null, 200, 45, 100] };
  const floorplan_cents = [12_00, null, 900_00, 100_00, 0];
  const price_cents = [1, 1, 1, 1, 1];
  table.addMatches({ vehicle_id, rev: [1, 1, 1, 1, 1], price_cents, ...columns, floorplan_cents }, 5);
  const order = (key: SortKey) => {
    const first = nextOrder({ key: "price_cents", descending: false }, key);
    return sorted(table.rows, [0, 1, 2, 3, 4], first, 0).map((place) => table.rows[place]!.vehicle_id);
  };
  assert.deepEqual(order("age_bucket"), ["3", "4", "5", "1", "2"]);
  assert.deepEqual(order("days_supply"), ["3", "5", "4", "1", "2"]);
  assert.deepEqual(order("floorplan_cents"), ["3", "4", "1", "5", "2"]);
});

test("a car is in one bucket, and an older one never in a younger bucket", () => {
  assert.equal(ageBucket(null), null);
  assert.deepEqual([-1, 0, 30, 31, 60, 61, 90, 91, 5_000].map(ageBucket), [
    ...["0–30", "0–30", "0–30", "31–60", "31–60", "61–90", "61–90", "90+", "90+"],
  ]);
  for (let days = 1; days < 200; days++) assert.ok(ageBucket(days)! >= ageBucket(days - 1)!);
});
