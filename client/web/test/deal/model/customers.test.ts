import assert from "node:assert/strict";
import { test } from "node:test";
import { changedFacts, factLabel, factsOf, factValue } from "../../../src/deal/model/customers";
import { newestFirst, type Summary } from "../../../src/wall/fold";

test("only the facts that differ are sent", () => {
  const facts = { name: "Dana", phone: "", monthly_income_cents: 5 };
  assert.deepEqual(changedFacts(facts, { name: "Dana", monthly_income_cents: 6 }), { monthly_income_cents: 6 });
  assert.deepEqual(changedFacts(facts, {}), {});
});

test("an empty field is unknown where that is possible, else empty or none", () => {
  assert.equal(factValue("monthly_income_cents", null), null);
  assert.equal(factValue("other_debt_cents", null), 0);
  assert.equal(factValue("phone", ""), "");
  assert.equal(factValue("co_name", ""), null);
  assert.equal(factValue("score", 712), 712);
});

test("facts have labels, and a view without facts has none", () => {
  assert.equal(factLabel("co_name"), "Co-buyer's name");
  assert.equal(factLabel("shoe_size"), "shoe size");
  assert.deepEqual(factsOf({ id: "c", name: "Dana" }), {});
});

test("the deal that changed last is on top of the list", () => {
  const deal = (deal_id: string, changed_at: string) => ({ deal_id, changed_at, deal_version: 1, removed: false });
  const rows = new Map<string, Summary>();
  for (const [id, at] of [
    ["a", "2026-01-01T10:00:00Z"],
    ["b", "2026-01-01T11:00:00Z"],
  ] as const)
    rows.set(id, deal(id, at));
  assert.deepEqual(
    newestFirst(rows).map(({ deal_id }) => deal_id),
    ["b", "a"],
  );
});
