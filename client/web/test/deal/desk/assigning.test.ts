import assert from "node:assert/strict";
import { test } from "node:test";
import { candidatesOf, mayAssign } from "../../../src/deal/desk/assigning";
import type { Deal } from "../../../src/deal/model/fold";
import type { Actor, User } from "../../../src/wire";

const ann: Actor = { id: "a", name: "Ann", role: "salesperson" };
const bo: Actor = { id: "b", name: "Bo", role: "salesperson" };
const dana: Actor = { id: "d", name: "Dana", role: "desk_manager" };
const deal = (state: string, fulfilment: string | null = null, approval: object | null = null) =>
  ({ id: "d", version: 1, state, fulfilment, salesperson: ann, approval }) as unknown as Deal;
const user = (...rights: string[]): User => ({ ...dana, store_id: "s", rights });

test("a manager gives away a deal until it is lost, funded or unwound", () => {
  const open = [deal("working"), deal("submitted"), deal("approved"), deal("declined"), deal("signed", "delivered")];
  const over = [deal("lost"), deal("signed", "funded"), deal("signed", "unwound")];
  assert.deepEqual(
    [...open, ...over].map((each) => mayAssign(each, user("assign"))),
    [...open.map(() => true), ...over.map(() => false)],
  );
  assert.equal(mayAssign(deal("working"), user("approve")), false);
});

test("the list has everybody but who sells the deal, and says why the approver cannot have it", () => {
  const texts = (of: Deal) => candidatesOf([ann, bo, dana], of).map(({ text, hindrance }) => [text, hindrance]);
  assert.deepEqual(texts(deal("working")), [
    ["Bo", false],
    ["Dana, manager", false],
  ]);
  assert.deepEqual(texts(deal("approved", null, { by: dana })), [
    ["Bo", false],
    ["Dana, approved this deal", true],
  ]);
});
