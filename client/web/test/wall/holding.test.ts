import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYTHING } from "../../src/wall/filter";
import type { Rows, Summary } from "../../src/wall/fold";
import { arranged, isOutOfOrder, QUEUE_PLACES, type ShownSection } from "../../src/wall/hold";
import { stepped, wallKey } from "../../src/wall/keys";
import { toggled } from "../../src/wall/opening";
import { peopleByDeal } from "../../src/wall/people";
import { type SectionName, sectionsOf } from "../../src/wall/sections";
import { deal, waits, wall } from "./deals";

const show = (before: readonly ShownSection[], rows: Rows, held: boolean) =>
  arranged(before, sectionsOf(rows, EVERYTHING, "2026-01-01"), rows, () => held);
const section = (shown: readonly ShownSection[], name: SectionName) => shown.find((each) => each.name === name)!;
const ids = (shown: readonly ShownSection[], name: SectionName) =>
  section(shown, name).items.map((item) => item.deal.deal_id + (item.gone ? "-gone" : ""));
const at = (minute: number) => `10:${String(minute).padStart(2, "0")}`;
const queue = (count: number): Summary[] => Array.from({ length: count }, (_, i) => waits(`q${i}`, at(i)));

test("a row that leaves while the rows are held keeps its place, with its newest contents", () => {
  const first = show([], wall(...queue(3)), false);
  const left = wall(deal("q0", { state: "approved", reason_by: "RM" }), ...queue(3).slice(1));
  const held = show(first, left, true);
  assert.deepEqual(ids(held, "waiting"), ["q0-gone", "q1", "q2"]);
  assert.equal(section(held, "waiting").items[0]?.deal.state, "approved");
  assert.equal(section(held, "waiting").count, 2, "the count is true all the same");
  assert.deepEqual(ids(held, "answered"), []);
  assert.equal(section(held, "answered").pending, 1);
  const free = show(held, left, false);
  assert.deepEqual([ids(free, "waiting"), ids(free, "answered")], [["q1", "q2"], ["q0"]]);
});

test("a section that is folded is in order at once, and is not counted as out of order", () => {
  const first = show([], wall(...queue(2)), false);
  const left = wall(deal("q0", { state: "approved" }), ...queue(2).slice(1));
  const sections = sectionsOf(left, EVERYTHING, "2026-01-01");
  const shown = arranged(first, sections, left, (name) => name !== "answered");
  assert.deepEqual([ids(shown, "answered"), section(shown, "answered").pending], [["q0"], 0]);
  assert.equal(isOutOfOrder(shown, sections), true, "the queue still has the row that left");
  assert.equal(isOutOfOrder(show(shown, left, false), sections), false);
});

test("a deal that left the wall keeps what it last showed", () => {
  const first = show([], wall(...queue(2)), false);
  const held = show(first, wall(...queue(1)), true);
  assert.deepEqual(ids(held, "waiting"), ["q0", "q1-gone"]);
  assert.equal(section(held, "waiting").items[1]?.deal.state, "submitted");
});

test("a new submit takes a free place at the end of the queue; without one it waits and is counted", () => {
  const full = queue(QUEUE_PLACES - 1);
  const first = show([], wall(...full), false);
  const one = show(first, wall(...full, waits("n1", "11:00")), true);
  assert.deepEqual(ids(one, "waiting").at(-1), "n1");
  assert.equal(section(one, "waiting").pending, 0);
  const two = show(one, wall(...full, waits("n1", "11:00"), waits("n2", "11:01"), waits("n3", "11:02")), true);
  assert.deepEqual(ids(two, "waiting"), ids(one, "waiting"));
  assert.equal(section(two, "waiting").pending, 2);
  assert.equal(section(two, "waiting").count, QUEUE_PLACES + 2);
});

test("a deal that was reordered stays where it is, and goes to its place afterwards", () => {
  const changed = (id: string, hour: number) => deal(id, { changed_at: `2026-01-01T0${hour}:00:00Z` });
  const first = show([], wall(changed("a", 2), changed("b", 1)), false);
  const moved = wall(changed("a", 2), changed("b", 3));
  assert.deepEqual(ids(show(first, moved, true), "working"), ["a", "b"]);
  assert.deepEqual(ids(show(first, moved, false), "working"), ["b", "a"]);
});

test("one row is open: another press closes it", () => {
  const a = toggled(null, "waiting:a", "a");
  assert.deepEqual(a, { key: "waiting:a", dealId: "a", mode: "look" });
  assert.equal(toggled(a, "waiting:b", "b")?.dealId, "b");
  assert.equal(toggled(a, "waiting:a", "a"), null);
});

test("keys ask for steps, never while the person types, with a modifier or held down", () => {
  const press = (key: string, more = {}) => ({
    ...{ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false },
    ...more,
  });
  assert.equal(wallKey(press("a"), false), "approve");
  assert.equal(wallKey(press("A"), false), "approve");
  assert.equal(wallKey(press("a"), true), null);
  assert.equal(wallKey(press("a", { ctrlKey: true }), false), null);
  assert.equal(wallKey(press("a", { repeat: true }), false), null);
  assert.equal(wallKey(press("j", { repeat: true }), false), "next");
  assert.equal(wallKey(press("Enter"), false), null, "Enter is the button's own");
});

test("the focus steps through the rows and stops at the ends", () => {
  const keys = ["a", "b", "c"];
  assert.deepEqual([stepped(keys, null, 1), stepped(keys, "gone", -1), stepped([], null, 1)], ["a", "a", null]);
  assert.deepEqual([stepped(keys, "a", 1), stepped(keys, "c", 1), stepped(keys, "a", -1)], ["b", "c", "a"]);
});

test("the people of a deal are the others in it; a list that did not change stays the same object", () => {
  const here = (user_id: string, deal_id: string | null) => ({
    ...{ user_id, deal_id, name: user_id, role: "salesperson" as const, focus: null },
  });
  const first = peopleByDeal(new Map(), [here("ann", "1"), here("me", "1"), here("bob", null)], "me");
  assert.deepEqual([...first.keys()], ["1"]);
  assert.deepEqual(
    first.get("1")?.map(({ user_id }) => user_id),
    ["ann"],
  );
  const next = peopleByDeal(first, [here("ann", "1"), here("cy", "2")], "me");
  assert.equal(next.get("1"), first.get("1"));
  assert.equal(next.get("2")?.length, 1);
});
