import assert from "node:assert/strict";
import { test } from "node:test";
import { AWAY, type Request } from "../../src/live/connection";
import { kept } from "../../src/store/kept-order";
import { answers, isAwaited, Lookup, StoreLists } from "../../src/store/lists";
import type { Summary } from "../../src/wall/fold";
import type { ErrorBody, Reply } from "../../src/wire";

function store() {
  const sent: { request: Request; reply(data: unknown): void; refuse(error: ErrorBody): void }[] = [];
  const world = { connected: true };
  const lists = new StoreLists("s1", (request, replied) => {
    if (world.connected)
      sent.push({
        request,
        reply: (data) => replied({ type: "reply", ref: 1, ok: true, data } as Reply),
        refuse: (error) => replied({ type: "reply", ref: 1, ok: false, error }),
      });
    return world.connected;
  });
  let due: (() => void) | null = null;
  const lookup = new Lookup(
    (...asked) => lists.find(...asked),
    (_, action) => {
      due = action;
      return () => {
        due = null;
      };
    },
  );
  const pause = () => due?.();
  return { sent, world, lists, lookup, pause };
}

test("typing asks once a person pauses, and an answer to older words is dropped", () => {
  const { sent, lookup, pause } = store();
  lookup.look("mo");
  lookup.look("moo");
  pause();
  lookup.look("moor");
  pause();
  assert.deepEqual(
    sent.map(({ request }) => (request as { text: string }).text),
    ["moo", "moor"],
  );
  sent[1]!.reply({ customers: [], deals: [{ id: "new" }] });
  sent[0]!.reply({ customers: [], deals: [{ id: "old" }] });
  assert.equal(lookup.looked.value.found?.deals[0]?.id, "new");
});

test("what older words found is told apart from the answer, from the first key to the reply", () => {
  const { sent, lookup, pause } = store();
  const told = (text: string) => [answers(lookup.looked.value, text), isAwaited(lookup.looked.value, text)];
  lookup.look("mo");
  assert.deepEqual(told("mo"), [false, true]);
  pause();
  sent[0]!.reply({ customers: [{ id: "moore" }], deals: [] });
  assert.deepEqual(told(" mo "), [true, false]);
  lookup.look("ann");
  assert.deepEqual(told("ann"), [false, true], "the person may type on");
  pause();
  assert.equal(lookup.looked.value.found?.customers[0]?.id, "moore");
  assert.deepEqual(told("ann"), [false, true], "the server has been asked");
  sent[1]!.refuse(AWAY);
  assert.deepEqual(told("ann"), [false, false]);
});

test("without a connection it says so, and asks again when there is one", () => {
  const { sent, world, lookup, pause } = store();
  world.connected = false;
  lookup.look("moore");
  pause();
  assert.match(lookup.looked.value.failure?.message ?? "", /No connection/);
  world.connected = true;
  lookup.again();
  sent[0]!.reply({ customers: [], deals: [] });
  assert.equal(lookup.looked.value.failure, null);
});

test("newer words whose answer is lost are asked again, whatever older words have found", () => {
  const { sent, lookup, pause } = store();
  lookup.look("mo");
  pause();
  sent[0]!.reply({ customers: [], deals: [{ id: "old" }] });
  lookup.look("moore");
  pause();
  sent[1]!.refuse(AWAY);
  lookup.again();
  assert.equal((sent[2]!.request as { text: string }).text, "moore");
});

test("a deal begins with an op, so that it begins once", () => {
  const { sent, lists } = store();
  let id = "";
  lists.begin(
    { customer_id: "c1" },
    (begun) => {
      id = begun.id;
    },
    () => {},
  );
  const request = sent[0]!.request as { type: string; op: string; customer_id: string };
  assert.equal(request.type, "begin_deal");
  assert.match(request.op, /^[0-9a-f-]{36}$/);
  sent[0]!.reply({ id: "d1", channel: "deal:d1", version: 0 });
  assert.equal(id, "d1");
});

test("two presses in a row begin one deal; after a refusal another press begins it", () => {
  const { sent, lists } = store();
  const refusals: string[] = [];
  const press = () => {
    lists.begin(
      { customer_id: "c1" },
      () => {},
      ({ message }) => refusals.push(message),
    );
  };
  press();
  press();
  assert.equal(sent.length, 1);
  sent[0]!.refuse({ code: "busy", message: "Busy.", retry: true, detail: {} });
  assert.deepEqual(refusals, ["Busy."]);
  press();
  assert.equal(sent.length, 2);
});

test("a list that somebody reads keeps its rows in their places, with their newest contents", () => {
  const deal = (id: string, customer: string) => ({ deal_id: id, deal_version: 1, customer }) as Summary;
  const idOf = ({ deal_id }: Summary) => deal_id;
  const first = kept(null, [deal("b", "Bo"), deal("a", "Ann")], idOf);
  assert.deepEqual([first.shown.map(({ item }) => item.deal_id), first.fresh], [["b", "a"], 0]);
  const next = kept(first.shown, [deal("c", "Cy"), deal("a", "Anna")], idOf);
  assert.deepEqual(
    next.shown.map(({ item, gone }) => [item.customer, gone]),
    [
      ["Bo", true],
      ["Anna", false],
    ],
  );
  assert.equal(next.fresh, 1);
  assert.equal(kept(next.shown, [deal("b", "Bo")], idOf).shown[0]?.gone, false);
  assert.equal(kept([], [deal("b", "Bo")], idOf).fresh, 1, "a list that was empty stays empty");
});
