import assert from "node:assert/strict";
import { test } from "node:test";
import { Desk } from "../../src/deal/desk/desk";
import { newOp } from "../../src/text/op";

test("an op is a UUID of version 4, another one each time", () => {
  assert.match(newOp(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(newOp(), newOp());
});

test("a page without https, which has no `crypto.randomUUID`, sends commands all the same", (context) => {
  context.mock.method(crypto, "randomUUID", () => {
    throw new TypeError("crypto.randomUUID is not a function");
  });
  const sent: object[] = [];
  const desk = new Desk((command) => void sent.push(command), "deal:1");
  desk.give("car:1", { type: "unpin", vehicle_id: "1" });
  assert.equal(sent.length, 1);
});
