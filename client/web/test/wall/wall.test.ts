import assert from "node:assert/strict";
import { test } from "node:test";
import { others, type Rows, type Summary, sparkline, summariesOf, taken, waiting, waitText } from "../../src/wall/fold";
import type { SnapshotRows } from "../../src/wire";

const deal = (id: string, more: Partial<Summary> = {}): Summary => ({
  deal_id: id,
  deal_version: 1,
  removed: false,
  state: "working",
  ...more,
});
const wall = (...deals: Summary[]): Rows => deals.reduce(taken, new Map() as Rows);

test("a summary replaces its deal unless it is older, and a deal that left is gone", () => {
  const rows = wall(deal("a", { last_no: 5, customer: "Ann" }));
  assert.equal(taken(rows, deal("a", { last_no: 4, customer: "old" })), rows);
  assert.equal(taken(rows, deal("a", { last_no: 5, customer: "new" })).get("a")?.customer, "new");
  assert.equal(taken(rows, deal("a", { last_no: 6, removed: true })).size, 0);
  assert.equal(rows.get("a")?.customer, "Ann", "values are never mutated");
});

test("who has waited longest stands first; the rest by state, then by the last change", () => {
  const rows = wall(
    deal("new", { state: "submitted", waiting_since: "2026-01-01T10:05:00Z" }),
    deal("long", { state: "submitted", waiting_since: "2026-01-01T09:00:00Z" }),
    deal("w1", { changed_at: "2026-01-01T09:00:00Z" }),
    deal("w2", { changed_at: "2026-01-01T10:00:00Z" }),
    deal("ok", { state: "approved" }),
  );
  assert.deepEqual(
    waiting(rows).map((each) => each.deal_id),
    ["long", "new"],
  );
  assert.deepEqual(
    others(rows).map((each) => each.deal_id),
    ["ok", "w2", "w1"],
  );
});

test("a part of a snapshot is read by columns", () => {
  const part = {
    columns: { deal_id: ["a", "b"], deal_version: [1, 2], removed: [false, false] },
  } as unknown as SnapshotRows;
  assert.deepEqual(summariesOf(part), [
    { deal_id: "a", deal_version: 1, removed: false },
    { deal_id: "b", deal_version: 2, removed: false },
  ]);
  assert.deepEqual(summariesOf({ columns: {} } as unknown as SnapshotRows), []);
});

test("a wait is said as people say it", () => {
  const told = [-5_000, 59_999, 60_000, 3_599_000, 3_900_000, 86_400_000, 200_000_000].map(waitText);
  assert.deepEqual(told, ["0 s", "59 s", "1 min", "59 min", "1 h 05 min", "1 day", "2 days"]);
});

test("a line goes through its values from left to right, the highest on top", () => {
  assert.equal(sparkline([1], 10, 4), "");
  assert.equal(sparkline([0, 10, 5], 10, 4), "0.0,4.0 5.0,0.0 10.0,2.0");
  assert.equal(sparkline([3, 3], 10, 4), "0.0,4.0 10.0,4.0");
});
