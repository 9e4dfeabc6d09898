import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "../../../src/deal/desk/desk";
import { obstacle, picked, possibleSteps, reasonsOf } from "../../../src/deal/desk/steps";
import type { Deal } from "../../../src/deal/model/fold";
import type { Request } from "../../../src/live/connection";
import type { Reply, User } from "../../../src/wire";

const STAFF = ["submit", "reopen", "sign", "lose", "deliver"];
const ann: User = { id: "a", name: "Ann", role: "salesperson", store_id: "s", rights: STAFF };
const bo: User = {
  id: "b",
  name: "Bo",
  role: "desk_manager",
  store_id: "s",
  rights: [...STAFF, "counter", "approve", "decline", "fund", "unwind"],
};
const operator: User = { id: "o", name: "Op", role: "operator", store_id: "s", rights: ["watch"] };
const deal = (state: string, fulfilment: string | null = null, salesperson: object = ann) =>
  ({ id: "d", version: 1, state, fulfilment, salesperson, structure: {}, selected: null, pins: [] }) as unknown as Deal;

test("each sees the steps that the state and their rights allow, what comes next first", () => {
  assert.deepEqual(possibleSteps(deal("working"), ann), ["submit", "lose"]);
  assert.deepEqual(possibleSteps(deal("working"), bo), ["lose"], "a manager submits own deals only");
  assert.deepEqual(possibleSteps(deal("working", null, bo), bo), ["submit", "lose"]);
  assert.deepEqual(possibleSteps(deal("submitted"), ann), ["lose"]);
  assert.deepEqual(possibleSteps(deal("submitted"), bo), ["approve", "counter", "decline", "lose"]);
  assert.deepEqual(possibleSteps(deal("submitted", null, bo), bo), ["lose"], "nobody decides about an own deal");
  assert.deepEqual(possibleSteps(deal("approved"), ann), ["sign", "reopen", "lose"]);
  assert.deepEqual(possibleSteps(deal("signed", "signed"), bo), ["deliver", "unwind"]);
  assert.deepEqual(possibleSteps(deal("signed", "delivered"), ann), []);
  assert.deepEqual(possibleSteps(deal("signed", "delivered"), bo), ["fund", "unwind"]);
  assert.deepEqual(possibleSteps(deal("signed", "funded"), bo), []);
  assert.deepEqual(possibleSteps(deal("lost"), ann), ["reopen"]);
  assert.deepEqual(possibleSteps(deal("submitted"), operator), []);
});

test("reasons on credit stand apart", () => {
  const { ordinary, credit } = reasonsOf("decline");
  assert.ok(ordinary.includes("gross_too_low") && credit.includes("bankruptcy") && !ordinary.includes("bankruptcy"));
  assert.deepEqual(reasonsOf("sign"), { ordinary: ["customer_accepts"], credit: [] });
});

test("what stands in the way of a step is said before it is tried", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const offered = { ...deal("approved"), selected: { lender: "acme" } } as unknown as Deal;
  const decided = (status: string, expires: string | null, cleared: object | null = ann) =>
    ({
      ...offered,
      lenders: [
        { lender: "acme", status, expires_at: expires, stipulations: [{ id: "1", text: "x", cleared_by: cleared }] },
      ],
    }) as unknown as Deal;
  assert.match(obstacle("submit", deal("working"), now) ?? "", /Put a car on the deal/);
  assert.equal(obstacle("submit", offered, now), null);
  assert.equal(obstacle("sign", offered, now), null, "what the view hides is no obstacle");
  assert.match(obstacle("sign", { ...offered, lenders: [] }, now) ?? "", /approval from acme/);
  assert.match(obstacle("sign", decided("declined", null), now) ?? "", /approval from acme/);
  assert.match(obstacle("sign", decided("approved", "2025-12-31T00:00:00Z"), now) ?? "", /approval from acme/);
  assert.equal(obstacle("sign", decided("conditional", "2026-01-02T00:00:00Z"), now), null);
  assert.match(obstacle("fund", decided("approved", null, null), now) ?? "", /stips/);
  assert.equal(obstacle("fund", decided("approved", null), now), null);
});

test("an ordinary reason stands alone, of those on credit there are up to four", () => {
  assert.deepEqual(picked(["cash_too_low"], "gross_too_low"), ["gross_too_low"]);
  assert.deepEqual(picked(["gross_too_low"], "bankruptcy"), ["bankruptcy"]);
  assert.deepEqual(picked(["bankruptcy", "garnishment"], "bankruptcy"), ["garnishment"]);
  const four = ["bankruptcy", "garnishment", "repossession", "no_credit_file"] as const;
  assert.deepEqual(picked(four, "recent_inquiries"), four);
  assert.deepEqual(picked(four, "price_too_high"), ["price_too_high"]);
});

test("a command is under way until it is answered, and its refusal stays until it is seen", () => {
  const sent: { request: Request; replied: (reply: Reply) => void }[] = [];
  const desk = new Desk((request, replied) => sent.push({ request, replied }), "deal:d");
  let done = 0;
  desk.give("note", { type: "note", text: "Two keys." }, () => (done += 1));
  assert.deepEqual([...desk.busy.value], ["note"]);
  assert.equal((sent[0]!.request as { channel: string }).channel, "deal:d");
  const error = { code: "conflict", message: "No.", retry: false, detail: {} } as const;
  sent[0]!.replied({ type: "reply", ref: 1, ok: false, error });
  assert.deepEqual([desk.busy.value.size, desk.troubles.value.get("note"), done], [0, error, 0]);
  desk.give("note", { type: "note", text: "Two keys." }, () => (done += 1));
  assert.equal(desk.troubles.value.size, 0);
  assert.notEqual((sent[0]!.request as { op: string }).op, (sent[1]!.request as { op: string }).op);
  sent[1]!.replied({ type: "reply", ref: 2, ok: true, data: {} });
  assert.deepEqual([desk.busy.value.size, done], [0, 1]);
});
