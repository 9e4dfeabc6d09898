import assert from "node:assert/strict";
import { test } from "node:test";
import { filtered, held, lastReason } from "../../../src/deal/model/activity";
import { clockText, sinceAfter, sinceOf } from "../../../src/deal/model/since";
import type { Entry } from "../../../src/deal/model/timeline";
import type { AnyEvent } from "../../../src/wire";

const entry = (key: string, tone: Entry["tone"], why: string | null = null): Entry => ({
  ...{ key, tone, why, at: "2026-01-01T10:00:00Z", by: "Ann", changes: [], figures: null },
  what: () => key,
});
const keys = (entries: readonly Entry[]) => entries.map(({ key }) => key);
const ALL = [
  entry("e", "desk"),
  entry("d", "step", "Gross too low"),
  entry("c", "note"),
  entry("b", "edit"),
  entry("a", "offer"),
];

test("the activity shows everything, the notes, or what the desk and the steps are about", () => {
  assert.deepEqual(keys(filtered(ALL, "all")), ["e", "d", "c", "b", "a"]);
  assert.deepEqual(keys(filtered(ALL, "notes")), ["c"]);
  assert.deepEqual(keys(filtered(ALL, "desk")), ["e", "d"]);
});

test("what is new waits until the reader asks for it", () => {
  assert.deepEqual(keys(held(ALL, "c").shown), ["c", "b", "a"]);
  assert.equal(held(ALL, "c").fresh, 2);
  assert.deepEqual(held(ALL, "e"), { shown: ALL, fresh: 0 });
  assert.deepEqual(held(ALL, "renamed by a reload"), { shown: ALL, fresh: 0 });
  assert.deepEqual(held(ALL, null), { shown: ALL, fresh: 0 });
});

test("the last reason is that of the last step", () => {
  assert.equal(lastReason(ALL)?.why, "Gross too low");
  assert.equal(lastReason([entry("f", "step"), ...ALL]), null, "an older step's reason is about something else");
  assert.equal(lastReason([]), null);
});

test("a deal is in its state since the last step that its story tells", () => {
  const event = (type: string, at: string) => ({ type, at }) as AnyEvent;
  const edit = event("deal_changed", "10:00");
  const step = event("state_changed", "11:00");
  assert.deepEqual(sinceOf([edit, step, event("note_added", "12:00")], true), { at: "11:00", longer: false });
  assert.deepEqual(sinceOf([edit], true), { at: "10:00", longer: true }, "at least that long");
  assert.deepEqual(sinceOf([edit], false), { at: "10:00", longer: false });
  assert.equal(sinceOf([], false), null);
  assert.deepEqual(sinceAfter(event("fulfilment_changed", "13:00"), null), { at: "13:00", longer: false });
  assert.equal(sinceAfter(edit, null), null);
});

test("a time is as a clock shows it", () => {
  const [second, minute, hour] = [1_000, 60_000, 3_600_000];
  assert.equal(clockText(-5), "0:00");
  assert.equal(clockText(4 * minute + 12.9 * second), "4:12");
  assert.equal(clockText(59 * minute + 59 * second), "59:59");
  assert.equal(clockText(hour + 5 * minute), "1 h 05");
  assert.equal(clockText(49 * hour), "2 d");
});
