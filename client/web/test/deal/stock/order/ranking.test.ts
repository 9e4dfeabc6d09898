import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERY_ROW, Ranking } from "../../../../src/deal/stock/order/ranking";
import { RowTable } from "../../../../src/deal/stock/rows";

function table(npvs: Record<string, number | null>): RowTable {
  const rows = new RowTable();
  add(rows, npvs);
  return rows;
}

function add(rows: RowTable, npvs: Record<string, number | null>) {
  const ids = Object.keys(npvs);
  const rev = ids.map(() => 1);
  const columns = {
    vehicle_id: ids,
    rev,
    make: ids.map((id) => `Maker-${id}`),
    price_cents: ids.map((_, i) => 100 + i),
  };
  const npv_cents = Object.values(npvs);
  const payment_cents = npv_cents.map((npv) => (npv === null ? null : 1));
  return rows.addSnapshot(
    { ...columns, payment_cents, npv_cents, valued: npv_cents.map((npv) => npv !== null) },
    ids.length,
  );
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
  ranking.order = { key: "npv_cents", descending: true };
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["c", "b", "a"]);
});

test("only what passes is shown, also of rows that come later or change", () => {
  const rows = table({ a: 1, b: 2 });
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  const passing = new Set([0, 2]);
  const sieve = { passes: (place: number) => passing.has(place) };
  ranking.settle(rows.rows, sieve);
  assert.deepEqual(ids(ranking, rows), ["a"]);
  ranking.admit(rows.rows, add(rows, { c: 9, d: 8 }), sieve);
  assert.deepEqual(ids(ranking, rows), ["a", "c"]);
  assert.equal(ranking.better, 1, "a row that does not pass is not better");
  passing.add(1);
  passing.delete(2);
  ranking.admit(rows.rows, { added: [], updated: [1, 2] }, sieve);
  assert.deepEqual(ids(ranking, rows), ["a", "b"]);
  assert.equal(ranking.better, 1);
  rows.change({ vehicle_id: "a", rev: 1, status: "sold" } as never);
  ranking.remove(0);
  assert.deepEqual(ids(ranking, rows), ["b"]);
  ranking.admit(rows.rows, { added: [], updated: [0] }, EVERY_ROW);
  assert.deepEqual(ids(ranking, rows), ["b"], "a row that is shown is not added again");
});

test("by value, cars under the payment target stand after the others in both directions, and before those without a value", () => {
  const rows = new RowTable();
  const vehicle_id = ["dear", "cheap", "middling", "none", "at"];
  const payment_cents = [900, 100, 500, null, 400];
  const npv_cents = [10, 99, 20, null, 15];
  const fixed = { vehicle_id, rev: vehicle_id.map(() => 1), make: vehicle_id, price_cents: vehicle_id.map(() => 1) };
  rows.addSnapshot(
    { ...fixed, payment_cents, npv_cents, valued: npv_cents.map((npv) => npv !== null) },
    vehicle_id.length,
  );
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.leastPayment = 400;
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["middling", "at", "dear", "cheap", "none"]);
  ranking.order = { key: "npv_cents", descending: false };
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["dear", "at", "middling", "cheap", "none"]);
  ranking.order = { key: "payment_cents", descending: false };
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["cheap", "at", "middling", "dear", "none"]);
});

test("a car under the payment target is not better than the last one that reaches it, whatever it is worth", () => {
  const rows = table({ a: 5 });
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.leastPayment = 1;
  ranking.settle(rows.rows);
  const later = {
    vehicle_id: ["b", "c"],
    rev: [1, 1],
    make: ["b", "c"],
    price_cents: [1, 1],
    payment_cents: [0, 1],
    npv_cents: [9, 9],
    valued: [true, true],
  };
  ranking.admit(rows.rows, rows.addSnapshot(later, 2));
  assert.equal(ranking.better, 1);
});

test("offers whose value is hidden stand by payment, in both directions", () => {
  const rows = new RowTable();
  const ids3 = ["a", "b", "c"];
  rows.addSnapshot(
    {
      vehicle_id: ids3,
      rev: [1, 1, 1],
      make: ids3,
      price_cents: [100, 200, 300],
      payment_cents: [30, 10, 20],
      npv_cents: [null, null, null],
      valued: [true, true, true],
    },
    3,
  );
  for (const descending of [true, false]) {
    const ranking = new Ranking({ key: "npv_cents", descending });
    ranking.settle(rows.rows);
    assert.deepEqual(ids(ranking, rows), ["b", "c", "a"]);
  }
});

test("in a list that streams, offers whose value is the desk's stand before cars that wait for theirs", () => {
  const rows = new RowTable();
  const vehicle_id = ["waits", "valued", "lease", "cash", "cheap"];
  const rev = vehicle_id.map(() => 1);
  // Prices that would put what waits first.
  rows.addMatches({ vehicle_id, rev, make: vehicle_id, price_cents: [1, 2, 3, 4, 5] }, vehicle_id.length);
  const ranking = new Ranking({ key: "npv_cents", descending: true });
  ranking.leastPayment = 400;
  ranking.settle(rows.rows);
  const offers = {
    vehicle_id: ["valued", "lease", "cash", "cheap"],
    rev: [1, 1, 1, 1],
    payment_cents: [500, 600, null, 300],
    out_the_door_cents: [null, null, 900, null],
    npv_cents: [7, null, null, null],
  };
  ranking.admit(rows.rows, rows.addOffers(offers, 4));
  assert.equal(ranking.better, 4, "each would move up");
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["valued", "lease", "cheap", "cash", "waits"]);
  ranking.order = { key: "payment_cents", descending: true };
  ranking.settle(rows.rows);
  assert.deepEqual(ids(ranking, rows), ["lease", "valued", "cheap", "cash", "waits"]);
});
