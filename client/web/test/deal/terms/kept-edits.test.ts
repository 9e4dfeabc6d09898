import assert from "node:assert/strict";
import { test } from "node:test";
import { Edits } from "../../../src/deal/terms/edits";
import { KeptEdits, keptNames } from "../../../src/deal/terms/kept-edits";

class Tab {
  texts = new Map<string, string>();
  read = (name: string) => this.texts.get(name) ?? null;
  write = (name: string, text: string | null) =>
    void (text === null ? this.texts.delete(name) : this.texts.set(name, text));
}

test("what was typed and what was on its way comes back after a reload, once each", () => {
  const tab = new Tab();
  const before = new Edits();
  before.put("cash_down_cents", 300_000, 200_000);
  before.depart(1, "op-1");
  before.put("cash_down_cents", 350_000, 200_000);
  before.put("fees_cents", 9_900, 0);
  new KeptEdits(tab, "u1", "d1").keep(before.kept);

  const after = new Edits();
  after.restore(new KeptEdits(tab, "u1", "d1").take());
  after.reloaded(4, { cash_down_cents: 200_000, fees_cents: 0 });
  assert.deepEqual(after.depart(4, "op-2")?.changes, { cash_down_cents: 350_000, fees_cents: 9_900 });
});

test("what the server took before the reload is not sent again, and what somebody else set is a conflict", () => {
  const edits = new Edits();
  edits.restore([
    { field: "cash_down_cents", value: 300_000, base: 200_000 },
    { field: "fees_cents", value: 9_900, base: 0 },
  ]);
  edits.reloaded(4, { cash_down_cents: 300_000, fees_cents: 5_000 });
  assert.equal(edits.depart(4, "op-2"), null);
  assert.equal(edits.trouble("fees_cents")?.kind, "conflict");
  assert.equal(edits.unsaved, 1);
});

test("another person at the same tab finds nothing, nor does another deal; broken text is nothing", () => {
  const tab = new Tab();
  new KeptEdits(tab, "u1", "d1").keep([{ field: "fees_cents", value: 1, base: 0 }]);
  assert.deepEqual(new KeptEdits(tab, "u2", "d1").take(), []);
  assert.deepEqual(new KeptEdits(tab, "u1", "d2").take(), []);
  assert.deepEqual(keptNames([...tab.texts.keys(), "other"]), [...tab.texts.keys()]);
  new KeptEdits(tab, "u1", "d1").keep([]);
  assert.equal(tab.texts.size, 0);
  tab.write("deal-architect.edits.u1.d1", "{");
  assert.deepEqual(new KeptEdits(tab, "u1", "d1").take(), []);
});
