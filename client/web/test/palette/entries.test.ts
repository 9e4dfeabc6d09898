import assert from "node:assert/strict";
import { test } from "node:test";
import { activePlace, type Entry, offered, stepped, withRecent } from "../../src/palette/entries";
import { topOf } from "../../src/screen/focus/layers";
import { ON_PAGE, SHORTCUTS, shortcutOf } from "../../src/screen/parts/shortcuts";

const entry = (title: string, more: Partial<Entry> = {}): Entry => ({
  id: title,
  group: "Actions",
  title,
  run: () => {},
  ...more,
});
const titles = (entries: Entry[]) => entries.map(({ title }) => title);

test("every word must fit; a title that begins with it comes first", () => {
  const own = [entry("Unlock Rebate"), entry("Lock Cash down"), entry("Lock Rebate"), entry("Approve")];
  assert.deepEqual(titles(offered("lock", own, [])), ["Lock Cash down", "Lock Rebate", "Unlock Rebate"]);
  assert.deepEqual(titles(offered("lock reb", own, [])), ["Lock Rebate", "Unlock Rebate"]);
  assert.deepEqual(titles(offered("xyz", own, [])), []);
});

test("without words recent deals stand first; what the server found keeps its order, by group", () => {
  const own = [entry("Approve"), entry("Lin Moore", { group: "Recent" })];
  assert.deepEqual(titles(offered("", own, [])), ["Lin Moore", "Approve"]);
  const found = [
    entry("B", { group: "Customers" }),
    entry("A", { group: "Deals" }),
    entry("C", { group: "Customers" }),
  ];
  assert.deepEqual(titles(offered("approve", own, found)), ["Approve", "A", "B", "C"]);
});

test("the choice goes round, and nowhere in an empty list", () => {
  assert.equal(stepped(0, -1, 3), 2);
  assert.equal(stepped(2, 1, 3), 0);
  assert.equal(stepped(0, 1, 0), -1);
});

test("what was chosen stays chosen where a later answer stands above it", () => {
  const deal = entry("Lin Moore", { group: "Deals" });
  const before = offered("moore", [], [deal]);
  const after = offered("moore", [], [entry("Moore's car", { group: "Cars" }), deal]);
  assert.equal(after[activePlace(after, before[0]!.id)], deal);
  assert.equal(activePlace(after, null), 0);
  assert.equal(activePlace(after, "gone"), 0);
  assert.equal(activePlace([], "gone"), -1);
});

test("a deal is recent once, the newest first", () => {
  const opened = (...ids: string[]) =>
    ids.reduce<ReturnType<typeof withRecent>>((all, id) => withRecent(all, { id, title: id }), []);
  assert.deepEqual(
    opened("a", "b", "a").map(({ id }) => id),
    ["a", "b"],
  );
  assert.equal(opened("1", "2", "3", "4", "5", "6", "7").length, 6);
});

test("keys are dispatched as the table says, and not while somebody types, unless with Ctrl", () => {
  const pressed = { key: "/", mod: false, alt: false, typing: false };
  assert.equal(shortcutOf(pressed, ON_PAGE.deal), "find");
  assert.equal(shortcutOf(pressed, ON_PAGE.security), null);
  assert.equal(shortcutOf({ ...pressed, typing: true }, ON_PAGE.deal), null);
  assert.equal(shortcutOf({ ...pressed, key: "K", mod: true, typing: true }, ON_PAGE.deal), "palette");
  assert.equal(shortcutOf({ ...pressed, key: "k" }, ON_PAGE.deal), null);
  const places = new Set(Object.values(ON_PAGE).flat());
  assert.ok(
    SHORTCUTS.every(({ place }) => places.has(place)),
    "every key stands in the help of some page",
  );
});

test("Escape closes what opened last, but nothing behind a dialog of the browser", () => {
  const element = (inside: boolean) => ({ inside }) as unknown as Element;
  const dialog = { contains: (place: { inside: boolean }) => place.inside } as unknown as Element;
  const menu = { place: () => element(false), close: () => {} };
  const within = { place: () => element(true), close: () => {} };
  assert.equal(topOf([menu, within], []), within);
  assert.equal(topOf([within, menu], [dialog]), within);
  assert.equal(topOf([menu], [dialog]), undefined);
});
