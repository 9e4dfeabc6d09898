import assert from "node:assert/strict";
import { test } from "node:test";
import { signal } from "@preact/signals";
import type { Announcer } from "../../src/live/announcer";
import type { Environment } from "../../src/live/environment";
import { WallView } from "../../src/screen/wall/wall-view";
import type { WallSession } from "../../src/wall/session";
import { waits, wall } from "./deals";

function opened(...ids: string[]) {
  const rows = signal(wall(...ids.map((id, i) => waits(id, `09:0${i}`))));
  const session = { rows, name: signal("desk"), here: signal([]), ahead: signal(0) } as unknown as WallSession;
  const environment = { now: () => 0, later: () => () => {}, shelf: { read: () => null, write: () => {} } };
  const view = new WallView(session, environment as unknown as Environment, "u1", {} as Announcer);
  view.close();
  return { view, open: () => view.opened.value };
}

test("after an answer the next deal that waits is gone to; one that stays open is looked at", () => {
  const { view, open } = opened("a", "b");
  view.answer(view.item("waiting:a")!, "approve");
  assert.equal(view.proceed(open()!, false), "waiting:b");
  assert.equal(open(), null);
  view.answer(view.item("waiting:b")!, "assign");
  assert.equal(view.proceed(open()!, true), "waiting:b");
  assert.equal(open()?.mode, "look");
});

test("an answer that is taken after the manager has gone on leaves the row that is open now", () => {
  const { view, open } = opened("a", "b");
  view.answer(view.item("waiting:a")!, "approve");
  const answered = open()!;
  view.answer(view.item("waiting:b")!, "counter");
  assert.equal(view.proceed(answered, false), undefined);
  assert.deepEqual([open()?.dealId, open()?.mode], ["b", "counter"]);
  view.answer(view.item("waiting:a")!, "decline");
  assert.equal(view.proceed(answered, false), undefined, "the deal is back, and is answered otherwise");
  assert.equal(open()?.mode, "decline");
  view.shut();
  assert.equal(view.proceed(answered, true), undefined);
  assert.equal(open(), null);
});
