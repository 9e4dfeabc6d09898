import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStep } from "../../../src/deal/desk/next";
import type { Deal } from "../../../src/deal/model/fold";
import type { User } from "../../../src/wire";

const ann: User = {
  id: "a",
  name: "Ann",
  role: "salesperson",
  store_id: "s",
  rights: ["submit", "accept", "reopen", "sign", "lose"],
};
const bo: User = {
  ...ann,
  id: "b",
  name: "Bo",
  role: "desk_manager",
  rights: [...ann.rights, "approve", "counter", "decline"],
};
const deal = (state: string, more: object = {}) =>
  ({
    id: "d",
    version: 1,
    state,
    fulfilment: null,
    salesperson: ann,
    structure: {},
    selected: {},
    pins: [],
    ...more,
  }) as unknown as Deal;
const next = (one: Deal, user: User) => nextStep(one, user, 0);

test("one step stands out for whoever has it next, and the others are told who does", () => {
  assert.deepEqual(next(deal("working"), ann), { primary: "submit", words: null });
  assert.deepEqual(next(deal("working"), bo), { primary: null, words: "With Ann." });
  assert.deepEqual(next(deal("submitted"), bo), { primary: "approve", words: null });
  assert.deepEqual(next(deal("submitted"), ann), { primary: null, words: "Waiting for the desk." });
  assert.deepEqual(next(deal("submitted", { salesperson: bo }), bo), {
    primary: null,
    words: "Another manager decides on your own deal.",
  });
  assert.deepEqual(next(deal("countered", { proposal: {} }), ann), { primary: "accept", words: null });
  assert.deepEqual(next(deal("countered"), ann), { primary: "submit", words: null });
  assert.deepEqual(next(deal("declined"), ann), { primary: "reopen", words: null });
  assert.deepEqual(next(deal("approved", { fulfilment: null }), bo), { primary: "sign", words: null });
  const delivered = deal("signed", { fulfilment: "delivered" });
  assert.deepEqual(next(delivered, ann), { primary: null, words: "Waiting for funding." });
  assert.deepEqual(next(deal("signed", { fulfilment: "funded" }), ann), { primary: null, words: null });
});

test("a step that cannot be taken does not stand out, and says why in words", () => {
  assert.deepEqual(next(deal("working", { selected: null }), ann), {
    primary: null,
    words: "Put a car on the deal first.",
  });
  const approved = deal("approved", { selected: { lender: "Acme" }, lenders: [] });
  assert.deepEqual(next(approved, ann), { primary: null, words: "Needs a current approval from Acme." });
});
