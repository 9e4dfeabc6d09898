import assert from "node:assert/strict";
import { test } from "node:test";
import { RowTable } from "../../../src/deal/stock/rows";

const matches = (ids: string[], rev = 1, price = 2_000_000) => ({
  vehicle_id: ids,
  rev: ids.map(() => rev),
  year: ids.map(() => 2021),
  make: ids.map(() => "Ford"),
  price_cents: ids.map(() => price),
});
const offers = (ids: string[], rev = 1, npv: number | null = 100) => ({
  vehicle_id: ids,
  rev: ids.map(() => rev),
  payment_cents: ids.map(() => (npv === null ? null : 45_000)),
  npv_cents: ids.map(() => npv),
  binding: ids.map(() => (npv === null ? "pti" : null)),
});

test("a match is pending until its offer comes", () => {
  const table = new RowTable();
  table.addMatches(matches(["1", "2"]), 2);
  assert.equal(table.get("1")?.value, "pending");
  table.addOffers(offers(["1"]), 1);
  assert.equal(table.get("1")?.value, "offer");
  assert.equal(table.get("1")?.npv_cents, 100);
  assert.equal(table.settled, 1);
});

test("a car without a feasible structure is no pending one, and says what binds", () => {
  const table = new RowTable();
  table.addMatches(matches(["1"]), 1);
  table.addOffers(offers(["1"], 1, null), 1);
  assert.equal(table.get("1")?.value, "none");
  assert.equal(table.get("1")?.binding, "pti");
  assert.equal(table.settled, 1);
});

test("the same messages applied twice, in any order, change nothing", () => {
  const table = new RowTable();
  table.addMatches(matches(["1", "2"]), 2);
  table.addOffers(offers(["1", "2"]), 2);
  const before = structuredClone(table.rows);
  table.addMatches(matches(["1", "2"]), 2);
  table.addOffers(offers(["1", "2"]), 2);
  assert.deepEqual(table.rows, before);
  assert.equal(table.settled, 2);
});

test("an offer for another revision of the car is dropped, a newer revision is pending again", () => {
  const table = new RowTable();
  table.addMatches(matches(["1"]), 1);
  table.addOffers(offers(["1"], 2), 1);
  assert.equal(table.get("1")?.value, "pending");
  table.addOffers(offers(["1"], 1), 1);
  table.addMatches(matches(["1"], 2, 1_900_000), 1);
  assert.equal(table.get("1")?.value, "pending");
  assert.equal(table.get("1")?.price_cents, 1_900_000);
  assert.equal(table.settled, 0);
  table.addMatches(matches(["1"], 1), 1);
  assert.equal(table.get("1")?.rev, 2);
});

test("a snapshot row tells valued without a structure from not valued yet and from given up", () => {
  const table = new RowTable();
  const ids = ["1", "2", "3", "4"];
  const columns = { ...matches(ids), ...offers(ids), valued: [true, false, true, null] };
  columns.payment_cents[2] = null;
  table.addSnapshot(columns, 4);
  assert.deepEqual(
    table.rows.map((row) => row.value),
    ["offer", "pending", "none", "failed"],
  );
});

test("columns that a view hides are null, never zero", () => {
  const table = new RowTable();
  table.addMatches(matches(["1"]), 1);
  assert.equal(table.get("1")?.cost_cents, null);
  assert.equal(table.get("1")?.npv_cents, null);
});

test("cars that could not be valued are no longer pending; those with an offer keep it", () => {
  const table = new RowTable();
  table.addMatches(matches(["1", "2"]), 2);
  table.addOffers(offers(["2"]), 1);
  table.fail(["1", "2", "9"]);
  assert.deepEqual(
    table.rows.map((row) => row.value),
    ["failed", "offer"],
  );
  assert.equal(table.failed, 1);
  assert.equal(table.settled, 2);
});
