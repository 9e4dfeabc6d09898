import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsFor, firstOrder } from "../../../src/deal/stock/columns";
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
  assert.deepEqual(transfer("customer", "group"), []);
  for (const view of ["manager", "sales", "customer"] as const) {
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
  assert.deepEqual(worth("customer", true), []);
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
