import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "../src/deal/desk";
import type { Deal } from "../src/deal/fold";
import { possibleSteps, reasonsOf } from "../src/deal/steps";
import type { Request } from "../src/live/connection";
import type { Reply, User } from "../src/wire";

const STAFF = ["submit", "reopen", "sign", "lose", "deliver"];
const ann: User = { id: "a", name: "Ann", role: "salesperson", store_id: "s", rights: STAFF };
const bo: User = { id: "b", name: "Bo", role: "desk_manager", store_id: "s", rights: [...STAFF, "counter", "approve", "decline", "fund", "unwind"] };
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
