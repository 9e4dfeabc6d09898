import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYTHING, passes, peopleOf, standingsOf } from "../../src/wall/filter";
import {
  newestFirst,
  type Rows,
  type Summary,
  sparkline,
  summariesOf,
  taken,
  takenAll,
  waitText,
} from "../../src/wall/fold";
import { wallKey } from "../../src/wall/keys";
import { lookOf } from "../../src/wall/memory";
import { queueTotals, sectionsOf } from "../../src/wall/sections";
import type { SnapshotRows } from "../../src/wire";
import { deal, wall } from "./deals";

const keys = (rows: Rows, name: string, filter = EVERYTHING) =>
  sectionsOf(rows, filter, "2026-01-02")
    .find((section) => section.name === name)
    ?.items.map(({ key }) => key);

test("a summary replaces its deal unless it is older, and a deal that left is gone", () => {
  const rows = wall(deal("a", { last_no: 5, customer: "Ann" }));
  assert.equal(taken(rows, deal("a", { last_no: 4, customer: "old" })), rows);
  assert.equal(taken(rows, deal("a", { last_no: 5, customer: "new" })).get("a")?.customer, "new");
  assert.equal(taken(rows, deal("a", { last_no: 6, removed: true })).size, 0);
  assert.equal(rows.get("a")?.customer, "Ann", "values are never mutated");
  const some = takenAll(rows, [deal("a", { last_no: 4, customer: "old" }), deal("b", { last_no: 1 })]);
  assert.deepEqual(
    [...some.values()].map(({ customer }) => customer),
    ["Ann", undefined],
  );
});

test("who has waited longest stands first; others stand by what is to be done, also in two sections", () => {
  const rows = wall(
    deal("new", { state: "submitted", waiting_since: "2026-01-01T10:05:00Z" }),
    deal("long", { state: "submitted", waiting_since: "2026-01-01T09:00:00Z", stipulations: ["Income"] }),
    deal("w1", { changed_at: "2026-01-01T09:00:00Z" }),
    deal("w2", { changed_at: "2026-01-01T10:00:00Z" }),
    deal("countered", { state: "countered" }),
    deal("approved", { state: "approved" }),
    deal("sold", { state: "signed", fulfilment: "signed" }),
    deal("away", { state: "signed", fulfilment: "delivered" }),
  );
  assert.deepEqual(keys(rows, "waiting"), ["waiting:long", "waiting:new"]);
  assert.deepEqual(keys(rows, "working"), ["working:w2", "working:w1"]);
  assert.deepEqual(keys(rows, "answered"), ["answered:approved", "answered:countered"]);
  assert.deepEqual(keys(rows, "stips"), ["stips:long"]);
  assert.deepEqual(keys(rows, "delivery"), ["delivery:sold"]);
  assert.deepEqual(keys(rows, "unfunded"), ["unfunded:away"]);
});

test("a deal has a row for each of its tasks, the first due on top, and those of today count as due", () => {
  const task = (id: string, due_on: string) => ({ id, kind: "appraisal" as const, due_on });
  const rows = wall(
    deal("a", { tasks: [task("later", "2026-01-03"), task("today", "2026-01-02")] }),
    deal("b", { tasks: [task("past", "2026-01-01")] }),
  );
  assert.deepEqual(keys(rows, "tasks"), ["task:past", "task:today", "task:later"]);
  assert.equal(sectionsOf(rows, EVERYTHING, "2026-01-02").find(({ name }) => name === "tasks")?.due, 2);
});

test("the head counts the queue, its oldest wait and what it is worth", () => {
  assert.deepEqual(queueTotals(wall(deal("w"))), { count: 0, oldest: null, npvCents: 0 });
  const rows = wall(
    deal("a", { state: "submitted", waiting_since: "2026-01-01T10:00:00Z", npv_cents: 100 }),
    deal("b", { state: "submitted", waiting_since: "2026-01-01T09:00:00Z", npv_cents: null }),
    deal("c", { npv_cents: 900 }),
  );
  assert.deepEqual(queueTotals(rows), { count: 2, oldest: Date.parse("2026-01-01T09:00:00Z"), npvCents: 100 });
});

test("deals are found by the words of customer, stock number and id, of a person and a state", () => {
  const ann = { id: "1", name: "Ann", role: "salesperson" as const };
  const bob = { id: "2", name: "Bob", role: "salesperson" as const };
  const moore = deal("d-77", { customer: "Lin Moore", stock_no: "U0099", car: "2023 Lexus RX", salesperson: ann });
  const other = deal("d-78", { customer: "Ben Diaz", state: "signed", fulfilment: "delivered", salesperson: bob });
  const found = (text: string) => [moore, other].filter((each) => passes(each, { ...EVERYTHING, text }));
  for (const text of ["moore", "u0099", "D-77", "lexus moore", "  "]) assert.ok(found(text).includes(moore), text);
  assert.deepEqual(found("moore diaz"), []);
  const rows = wall(moore, other);
  const of = { ...EVERYTHING, person: "1" };
  assert.deepEqual(keys(rows, "unfunded", of), []);
  assert.deepEqual(
    peopleOf(rows, { ...EVERYTHING, text: "moore" }).map(({ name, count }) => [name, count]),
    [
      ["Ann", 1],
      ["Bob", 0],
    ],
  );
  assert.deepEqual(
    [...standingsOf(rows, of)],
    [
      ["working", 1],
      ["delivered", 0],
    ],
  );
});

test("the look of a tab is kept, and what cannot be read is as if it were not there", () => {
  const look = { filter: { person: "1", standing: "delivered" as const, text: "x" }, folded: ["tasks" as const] };
  assert.deepEqual(lookOf(JSON.stringify(look)), look);
  assert.equal(lookOf(null).folded.includes("waiting"), false);
  assert.deepEqual(lookOf("{"), lookOf(null));
  const strange = lookOf(JSON.stringify({ filter: { standing: "gone" }, folded: ["attic"] }));
  assert.deepEqual(strange, { filter: EVERYTHING, folded: [] });
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
  const changed = (at: string): Partial<Summary> => ({ changed_at: at });
  const rows = wall(deal("a", changed("2026-01-01T09:00:00Z")), deal("b", changed("2026-01-01T10:00:00Z")));
  assert.deepEqual(
    newestFirst(rows).map(({ deal_id }) => deal_id),
    ["b", "a"],
  );
});

test("a wait is said by the second up to an hour, then in words", () => {
  const told = [-5_000, 59_999, 60_000, 860_000, 3_599_000, 3_900_000, 86_400_000, 200_000_000].map(waitText);
  assert.deepEqual(told, ["0:00", "0:59", "1:00", "14:20", "59:59", "1 h 05", "1 day", "2 days"]);
});

test("a line goes through its values from left to right, the highest on top", () => {
  assert.equal(sparkline([1], 10, 4), "");
  assert.equal(sparkline([0, 10, 5], 10, 4), "0.0,4.0 5.0,0.0 10.0,2.0");
  assert.equal(sparkline([3, 3], 10, 4), "0.0,4.0 10.0,4.0");
});

test("a key answers a deal, unless somebody types, holds it down, or means the browser", () => {
  const press = (key: string, more = {}) =>
    wallKey({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...more }, false);
  assert.deepEqual(
    ["a", "C", "d", "l", "S", "x"].map((key) => press(key)),
    [...["approve", "counter", "decline", "lock", "assign"], null],
  );
  assert.equal(press("s", { ctrlKey: true }), null);
  assert.equal(press("s", { repeat: true }), null);
  assert.equal(press("j", { repeat: true }), "next");
  assert.equal(wallKey({ key: "s", ctrlKey: false, metaKey: false, altKey: false, repeat: false }, true), null);
});
