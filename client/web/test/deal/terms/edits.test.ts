import assert from "node:assert/strict";
import { test } from "node:test";
import { effect } from "@preact/signals";
import { Edits } from "../../../src/deal/terms/edits";
import { TermsEditor } from "../../../src/deal/terms/terms-editor";
import type { Actor, ErrorBody, Reply } from "../../../src/wire";

const MARIA: Actor = { id: "m", name: "Maria", role: "desk_manager" };
const AT = "2026-01-01T10:00:00Z";
const error = (code: ErrorBody["code"], detail: Record<string, unknown>): ErrorBody => ({
  code,
  message: "no",
  retry: false,
  detail,
});

test("an edit is shown at once and until the event of its version is here", () => {
  const edits = new Edits();
  edits.put("cash_down_cents", 5, 0);
  assert.equal(edits.value("cash_down_cents", 0), 5);
  assert.deepEqual(edits.depart(3, "op"), { op: "op", version: 3, changes: { cash_down_cents: 5 } });
  edits.taken("op", 4, 3);
  assert.equal(edits.value("cash_down_cents", 0), 5, "the server's old value never flashes up");
  edits.changed({ cash_down_cents: 5 }, MARIA, AT, 4);
  assert.equal(edits.value("cash_down_cents", 5), 5);
  assert.equal(edits.unsaved, 0);
});

test("edits made while one is under way go out together, on the version that it made", () => {
  const edits = new Edits();
  edits.put("cash_down_cents", 5, 0);
  edits.depart(3, "one");
  edits.put("cash_down_cents", 6, 0);
  edits.put("discount_cents", 7, 0);
  assert.equal(edits.depart(3, "two"), null);
  edits.changed({ cash_down_cents: 5 }, MARIA, AT, 4);
  edits.taken("one", 4, 4);
  assert.equal(edits.trouble("cash_down_cents"), null, "the own edit is no conflict");
  assert.deepEqual(edits.depart(4, "two"), {
    op: "two",
    version: 4,
    changes: { cash_down_cents: 6, discount_cents: 7 },
  });
});

test("another's edit of a field in line is a conflict, kept until this person chooses", () => {
  const edits = new Edits();
  edits.put("discount_cents", 1, 0);
  edits.depart(3, "one");
  edits.put("cash_down_cents", 5, 0);
  edits.changed({ cash_down_cents: 9 }, MARIA, AT, 4);
  edits.taken("one", 5, 5);
  assert.deepEqual(edits.trouble("cash_down_cents"), { kind: "conflict", value: 9, by: "Maria", at: AT });
  assert.equal(edits.value("cash_down_cents", 9), 5);
  assert.equal(edits.depart(5, "two"), null);
  edits.insist("cash_down_cents");
  assert.deepEqual(edits.depart(5, "two")?.changes, { cash_down_cents: 5 });
});

test("a conflict answered by the server stays at its field; the other fields go again", () => {
  const edits = new Edits();
  edits.put("cash_down_cents", 5, 0);
  edits.put("discount_cents", 7, 0);
  edits.depart(3, "one");
  edits.refused("one", error("conflict", { field: "cash_down_cents", value: 9, by: MARIA, at: AT }));
  assert.equal(edits.trouble("cash_down_cents")?.kind, "conflict");
  assert.equal(edits.value("cash_down_cents", 9), 5);
  assert.deepEqual(edits.depart(4, "two")?.changes, { discount_cents: 7 });
  edits.drop("cash_down_cents");
  assert.equal(edits.value("cash_down_cents", 9), 9);
});

test("a refusal that names another field is shown at all that was sent, and goes again with the next edit", () => {
  const edits = new Edits();
  edits.put("payment_min_cents", 600, 0);
  edits.depart(3, "one");
  edits.refused("one", error("invalid", { field: "payment_max_cents", expected: "at least payment_min_cents" }));
  assert.equal(edits.trouble("payment_min_cents")?.kind, "refused");
  assert.equal(edits.depart(3, "two"), null);
  edits.put("payment_max_cents", 700, 500);
  assert.deepEqual(edits.depart(3, "two")?.changes, { payment_min_cents: 600, payment_max_cents: 700 });
});

test("a refusal that comes after the next edit goes again with it: the two may fit together", () => {
  const edits = new Edits();
  edits.put("payment_max_cents", 320, 900);
  edits.depart(3, "one");
  edits.put("payment_min_cents", 0, 400);
  const tooLow = error("invalid", { field: "payment_max_cents", expected: "at least payment_min_cents" });
  edits.refused("one", tooLow);
  assert.deepEqual(edits.depart(3, "two")?.changes, { payment_min_cents: 0, payment_max_cents: 320 });
  edits.refused("two", tooLow);
  assert.equal(edits.trouble("payment_max_cents")?.kind, "refused", "refused together it rests");
  assert.deepEqual(edits.depart(3, "three")?.changes, { payment_min_cents: 0 });
});

test("what was typed over a value on its way is not refused with it, but in conflict with it", () => {
  const edits = new Edits();
  edits.put("cash_down_cents", 2, 0);
  edits.depart(3, "one");
  edits.put("cash_down_cents", 2_100, 0);
  edits.refused("one", error("invalid", { field: "cash_down_cents", expected: "at least 100" }));
  assert.equal(edits.trouble("cash_down_cents"), null);
  assert.deepEqual(edits.depart(3, "two")?.changes, { cash_down_cents: 2_100 });
  edits.put("cash_down_cents", 2_200, 0);
  edits.refused("two", error("conflict", { field: "cash_down_cents", value: 9, by: MARIA, at: AT }));
  assert.equal(edits.trouble("cash_down_cents")?.kind, "conflict");
  assert.equal(edits.value("cash_down_cents", 9), 2_200);
  assert.equal(edits.depart(3, "three"), null);
});

test("after a snapshot only fields that were set otherwise meanwhile are in conflict", () => {
  const edits = new Edits();
  edits.put("cash_down_cents", 5, 0);
  edits.put("discount_cents", 7, 0);
  edits.attribute({ cash_down_cents: 1 }, { ...MARIA, name: "Ann" }, "2026-11-20T08:00:00Z");
  edits.attribute({ cash_down_cents: 2 }, MARIA, AT);
  edits.reloaded(9, { cash_down_cents: 2, discount_cents: 0 });
  assert.deepEqual(edits.trouble("cash_down_cents"), { kind: "conflict", value: 2, by: MARIA.name, at: AT });
  assert.equal(edits.trouble("discount_cents"), null);
});

test("a field that was refused keeps its own reason when an edit elsewhere is refused", () => {
  const edits = new Edits();
  edits.put("tax_rate_bp", 99_999, null);
  edits.depart(3, "one");
  edits.refused("one", error("invalid", { field: "tax_rate_bp", expected: "at most 3000" }));
  edits.put("payment_min_cents", 600, 0);
  assert.deepEqual(edits.depart(3, "two")?.changes, { tax_rate_bp: 99_999, payment_min_cents: 600 });
  edits.refused("two", error("invalid", { field: "payment_max_cents", expected: "at least payment_min_cents" }));
  assert.equal((edits.trouble("tax_rate_bp") as { message: string }).message, "at most 3000");
  assert.equal(edits.trouble("payment_min_cents")?.kind, "refused");
  assert.equal(edits.depart(3, "three"), null);
});

test("a refused field rests while a good one that went with it is saved", () => {
  const edits = new Edits();
  edits.put("tax_rate_bp", 99_999, null);
  edits.depart(3, "one");
  edits.refused("one", error("invalid", { field: "tax_rate_bp", expected: "at most 3000" }));
  edits.put("cash_down_cents", 5, 0);
  edits.depart(3, "two");
  edits.refused("two", error("invalid", { field: "tax_rate_bp", expected: "at most 3000" }));
  assert.equal(edits.trouble("cash_down_cents"), null);
  assert.deepEqual(edits.depart(3, "three")?.changes, { cash_down_cents: 5 });
});

test("what was typed while somebody else set the field is in conflict, with who and when", () => {
  const edits = new Edits();
  edits.changed({ cash_down_max_cents: 770 }, MARIA, AT, 4);
  edits.put("cash_down_max_cents", 710, 770, 350);
  assert.deepEqual(edits.trouble("cash_down_max_cents"), { kind: "conflict", value: 770, by: MARIA.name, at: AT });
  assert.equal(edits.depart(4, "one"), null);
  edits.insist("cash_down_max_cents");
  assert.deepEqual(edits.depart(4, "one")?.changes, { cash_down_max_cents: 710 });
});

test("what was typed on this person's own value, or on the same one, is no conflict", () => {
  const edits = new Edits();
  edits.put("cash_down_max_cents", 71, 350, 350);
  edits.depart(3, "one");
  edits.put("cash_down_max_cents", 710, 350, 71);
  assert.equal(edits.trouble("cash_down_max_cents"), null);
  const same = new Edits();
  same.put("cash_down_max_cents", 770, 770, 350);
  assert.equal(same.trouble("cash_down_max_cents"), null);
});

test("an edit that met a busy server goes out again by itself, and one with a fault does not", () => {
  const sent: { op: string; changes: unknown; replied: (reply: Reply) => void }[] = [];
  const waits: { milliseconds: number; action: () => void }[] = [];
  const editor = new TermsEditor({
    served: () => ({ version: 1, structure: { cash_down_cents: 0 } }),
    live: () => true,
    send: (departure, replied) => sent.push({ op: departure.op, changes: departure.changes, replied }),
    later: (milliseconds, action) => waits.push({ milliseconds, action }),
  });
  const refuse = (code: string, retry: boolean, detail = {}) =>
    sent.at(-1)?.replied({ type: "reply", ref: 1, ok: false, error: { code, message: "No.", retry, detail } } as Reply);

  editor.edit("cash_down_cents", 100);
  refuse("rate_limited", true);
  assert.equal(sent.length, 1);
  assert.equal(editor.trouble("cash_down_cents")?.kind, "refused");
  waits.shift()?.action();
  assert.deepEqual(sent[1]?.changes, { cash_down_cents: 100 });

  refuse("busy", true, { retry_after_seconds: 7 });
  assert.equal(waits[0]?.milliseconds, 7_000);
  waits.shift()?.action();
  assert.equal(sent.length, 3);

  refuse("invalid", false, { field: "changes.cash_down_cents", expected: "less" });
  assert.deepEqual(waits, []);
  assert.equal(editor.value("cash_down_cents", 0), 100);
});

test("whoever set a field is asked as well if somebody else sets it right afterwards", () => {
  const ann: Actor = { id: "a", name: "Ann", role: "salesperson" };
  const at = (seconds: number) => new Date(Date.parse(AT) + 1_000 * seconds).toISOString();
  const settled = () => {
    const edits = new Edits();
    edits.put("cash_down_cents", 5, 0);
    edits.depart(3, "op");
    edits.changed({ cash_down_cents: 5 }, ann, at(0), 4);
    edits.taken("op", 4, 4);
    return edits;
  };
  const together = settled();
  together.changed({ cash_down_cents: 9 }, MARIA, at(1), 5);
  assert.deepEqual(together.trouble("cash_down_cents"), { kind: "conflict", value: 9, by: "Maria", at: at(1) });
  assert.equal(together.value("cash_down_cents", 9), 5, "what was typed is still there to take");
  assert.equal(together.depart(5, "two"), null);
  together.insist("cash_down_cents");
  assert.deepEqual(together.depart(5, "two")?.changes, { cash_down_cents: 5 });

  for (const [by, value, seconds] of [
    [MARIA, 9, 30],
    [ann, 9, 1],
    [MARIA, 5, 1],
  ] as const) {
    const apart = settled();
    apart.changed({ cash_down_cents: value }, by, at(seconds), 5);
    assert.equal(apart.trouble("cash_down_cents"), null, `${by.name} ${value} after ${seconds} s`);
  }
});

test("who shows a field is told of its edits, also of those that the server does not have yet", () => {
  const away = { served: () => null, live: () => false, send: () => {}, later: () => {} };
  const editor = new TermsEditor(away);
  const shown: unknown[] = [];
  const stop = effect(() => {
    shown.push(editor.value("first_payment_date", "2026-02-01"));
  });
  editor.editAll({ first_payment_days: null, first_payment_date: null });
  stop();
  assert.deepEqual(shown, ["2026-02-01", null]);
});
