import assert from "node:assert/strict";
import { test } from "node:test";
import { Ranking } from "../src/deal/ranking";
import { RowTable } from "../src/deal/rows";

function table(npvs: Record<string, number | null>): RowTable {
  const rows = new RowTable();
  add(rows, npvs);
  return rows;
}

function add(rows: RowTable, npvs: Record<string, number | null>) {
  const ids = Object.keys(npvs);
  const rev = ids.map(() => 1);
  const columns = { vehicle_id: ids, rev, make: ids.map((id) => `Maker-${id}`), price_cents: ids.map((_, i) => 100 + i) };
  const npv_cents = Object.values(npvs);
  const payment_cents = npv_cents.map((npv) => (npv === null ? null : 1));
  return rows.addSnapshot({ ...columns, payment_cents, npv_cents, valued: npv_cents.map((npv) => npv !== null) }, ids.length);
}

const ids = (ranking: Ranking, rows: RowTable) => ranking.shown.map((place) => rows.rows[place]!.vehicle_id);

test("rows that come later stand at the end and move none that is shown", () => {
  const rows = table({ a: 1, b: 3 });
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["b", "a"]);
  ranking.admit(rows.rows, add(rows, { c: 2 }));
  assert.deepEqual(ids(ranking, rows), ["b", "a", "c"]);
  assert.equal(ranking.better, 1);
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["b", "c", "a"]);
  assert.equal(ranking.better, 0);
});

test("a row that would stay at the end is not better", () => {
  const rows = table({ a: 5, b: 3 });
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.settle(rows.rows);
  ranking.admit(rows.rows, add(rows, { c: 2, d: null }));
  assert.equal(ranking.better, 0);
});

test("a row that is valued where it stands counts once", () => {
  const rows = table({ a: 5, b: null });
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.settle(rows.rows);
  const offer = { vehicle_id: ["b"], rev: [1], payment_cents: [1], npv_cents: [9] };
  ranking.admit(rows.rows, rows.addOffers(offer, 1));
  ranking.admit(rows.rows, rows.addOffers(offer, 1));
  assert.deepEqual(ids(ranking, rows), ["a", "b"]);
  assert.equal(ranking.better, 1);
});

test("rows without a value stand last in both directions", () => {
  const rows = table({ a: null, b: 1, c: 2 });
  const ranking = new Ranking({ key: "npv_cents", descending: false });
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["b", "c", "a"]);
  ranking.sortBy({ key: "npv_cents", descending: true }, rows.rows);
  assert.deepEqual(ids(ranking, rows), ["c", "b", "a"]);
});

test("the filter holds for rows that come later", () => {
  const rows = table({ a: 1, b: 2 });
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.filter("maker-A", rows.rows);
  assert.deepEqual(ids(ranking, rows), ["a"]);
  ranking.admit(rows.rows, add(rows, { c: 9 }));
  assert.deepEqual(ids(ranking, rows), ["a"]);
  assert.equal(ranking.better, 0);
});
