import assert from "node:assert/strict";
import { test } from "node:test";
import { newestOf, newsOf } from "../../../src/deal/model/spoken";
import type { Entry } from "../../../src/deal/model/timeline";
import { formatsFor } from "../../../src/text/format";

const formats = formatsFor("en-US");

const entry = (minute: number, more: Partial<Entry>): Entry => ({
  key: `event-${minute}`,
  at: `2026-11-30T09:0${minute}:00Z`,
  by: "Ann",
  tone: "step",
  what: () => "approved the deal",
  why: null,
  changes: [],
  figures: null,
  ...more,
});
const keys = (...entries: Entry[]) => new Set(entries.map(({ key }) => key));
const cash = (cents: number) => [{ field: "cash_down_cents", label: "Cash down", before: 0, after: cents }];

test("what happened since is said, oldest first: a step with its reason, an edit with its field", () => {
  const entries = [
    entry(4, { tone: "edit", what: () => "", changes: cash(150_000) }),
    entry(3, { why: "Meets the store's policy" }),
    entry(2, {}),
  ];
  assert.deepEqual(
    newsOf(entries, Date.parse(entries[2]!.at), keys(entries[2]!), "Bo", formats).map(({ text }) => text),
    ["Ann approved the deal: Meets the store's policy", "Ann: Cash down $1,500.00"],
  );
  assert.deepEqual(newsOf(entries, newestOf(entries), keys(...entries), "Bo", formats), []);
  assert.equal(newestOf([]), 0);
});

test("nobody is told of their own edits, and of somebody's many edits of a field only the last is said", () => {
  const edits = [cash(2), cash(1)].map((changes, i) => entry(5 - i, { tone: "edit", what: () => "", changes }));
  assert.deepEqual(newsOf(edits, 0, keys(), "Ann", formats), []);
  assert.equal(new Set(newsOf(edits, 0, keys(), "Bo", formats).map(({ about }) => about)).size, 1);
});

test("who was away for long hears the last of it", () => {
  const many = [9, 8, 7, 6, 5].map((minute) => entry(minute, {}));
  assert.equal(newsOf(many, 0, keys(), "Bo", formats).length, 3);
});

test("what is heard late is said, once; what a page of the history brings is not", () => {
  const sold = entry(3, { key: "event-7", by: null, what: () => "2024 Chevrolet Tahoe was sold" });
  const signed = entry(2, { key: "event-8", what: () => "signed" });
  const old = entry(1, { key: "no-1" });
  const said = (...seen: Entry[]) =>
    newsOf([sold, signed, old], newestOf([sold]), keys(...seen), "Bo", formats).map(({ text }) => text);
  assert.deepEqual(said(sold), ["Ann signed"]);
  assert.deepEqual(said(sold, signed), []);
});
