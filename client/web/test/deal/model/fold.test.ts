import assert from "node:assert/strict";
import { test } from "node:test";
import { applied, type Deal } from "../../../src/deal/model/fold";
import { entryOf, story } from "../../../src/deal/model/timeline";
import { formatsFor } from "../../../src/text/format";
import type { AnyEvent } from "../../../src/wire";

const formats = formatsFor("en-US");
const ann = { id: "a", name: "Ann", role: "salesperson" } as const;
const bo = { id: "b", name: "Bo", role: "desk_manager" } as const;
const offer = (id: string, extra = {}) => ({
  offer_id: `o${id}`,
  vehicle_id: id,
  rev: 1,
  deal_version: 1,
  payment_cents: 41_234,
  term_months: 72,
  price_cents: 1,
  car: { year: 2021, make: "Ford", model: "Escape" },
  ...extra,
});
const DEAL = {
  id: "d",
  version: 1,
  state: "working",
  customer: { id: "c", name: "Dana" },
  structure: { cash_down_cents: 100_000 },
  selected: null,
  selected_outdated: false,
  pins: [],
  locks: [],
  holds: [],
  notes: [],
  lenders: [],
  tasks: [],
  approval: null,
  fulfilment: null,
} as unknown as Deal;

let seq = 0;
const event = (fields: Record<string, unknown>) =>
  ({
    channel: "deal:d",
    seq: ++seq,
    at: `2026-01-01T00:00:${String(seq % 60).padStart(2, "0")}Z`,
    ...fields,
  }) as unknown as AnyEvent;
const after = (deal: Deal, ...events: AnyEvent[]) => events.reduce((each, one) => applied(each, one), deal);
const selected = (version: number, id = "1") =>
  event({ type: "offer_selected", version, vehicle_id: id, offer: offer(id), by: ann });
const moved = (version: number, from: string, to: string, more = {}) =>
  event({ type: "state_changed", version, from, to, by: bo, ...more });

test("what the version has already changes nothing", () => {
  const deal = after(DEAL, selected(2));
  assert.equal(after(deal, selected(2, "9")), deal);
  assert.equal(deal.version, 2);
});

test("terms outdate the selected offer until it is selected or priced anew", () => {
  const edit = (version: number) =>
    event({ type: "deal_changed", version, changes: { cash_down_cents: version }, by: ann });
  assert.equal(after(DEAL, edit(2)).selected_outdated, false, "there is no offer yet");
  const edited = after(DEAL, selected(2), edit(3));
  assert.equal(edited.selected_outdated, true);
  assert.equal(edited.structure.cash_down_cents, 3);
  assert.equal(after(edited, selected(4)).selected_outdated, false);
  assert.equal(after(edited, moved(4, "working", "submitted")).selected_outdated, false);
});

test("an approval stands while the deal is approved or signed, and a signed deal has a contract", () => {
  const approval = { deal_version: 3, vehicle_id: "1", rev: 1, offer_id: "o1", rates: "r", by: bo };
  const approved = after(DEAL, selected(2), moved(3, "submitted", "approved", { approval }));
  assert.deepEqual(approved.approval, approval);
  const signed = after(approved, moved(4, "approved", "signed"));
  assert.deepEqual([signed.approval, signed.fulfilment], [approval, "signed"]);
  assert.equal(after(approved, moved(4, "approved", "working", { reason: "car_sold" })).approval, null);
  assert.equal(
    after(signed, event({ type: "fulfilment_changed", version: 5, from: "signed", to: "delivered" })).fulfilment,
    "delivered",
  );
});

test("pins replace each other by car and keep their order", () => {
  const pin = (version: number, id: string, extra = {}) =>
    event({ type: "offer_pinned", version, vehicle_id: id, offer: offer(id, extra) });
  const deal = after(DEAL, pin(2, "1"), pin(3, "2"), pin(4, "1", { offer_id: "new" }));
  assert.deepEqual(
    deal.pins.map((each) => each.offer_id),
    ["o2", "new"],
  );
  assert.deepEqual(after(deal, event({ type: "offer_unpinned", version: 5, vehicle_id: "2" })).pins.length, 1);
});

test("locks, holds and notes come and go, each once", () => {
  const lock = (version: number, field: string) => event({ type: "field_locked", version, field, by: bo });
  const note = event({ type: "note_added", id: "n", text: "Two keys.", by: ann });
  const held = event({ type: "vehicle_held", vehicle_id: "1", until: "2026-01-01T00:30:00Z", by: ann });
  const deal = after(DEAL, lock(2, "rate_bp"), lock(3, "cash_down_cents"), note, note, held);
  assert.deepEqual(
    deal.locks?.map((each) => each.field),
    ["cash_down_cents", "rate_bp"],
  );
  assert.equal(deal.notes?.length, 1);
  assert.equal(deal.holds?.[0]?.by.name, "Ann");
  const open = after(
    deal,
    event({ type: "field_unlocked", version: 4, field: "rate_bp", by: bo }),
    event({ type: "vehicle_released", vehicle_id: "1" }),
  );
  assert.deepEqual([open.locks?.length, open.holds?.length], [1, 0]);
});

test("a long story is cut where the server cuts it: by bytes as they are sent, and by number", () => {
  const told = (count: number, text: string) =>
    after(
      DEAL,
      ...Array.from({ length: count }, (_, number) => event({ type: "note_added", id: String(number), text, by: ann })),
    );
  const shown = (deal: Deal) => [deal.notes?.[0]?.id, deal.notes?.length];
  assert.deepEqual(shown(told(250, "x")), ["50", 200]);
  assert.deepEqual(shown(told(40, "é".repeat(1000))), ["11", 29]);
  assert.deepEqual(shown(told(40, "\n".repeat(1000))), ["11", 29]);
  const task = (version: number) =>
    event({
      type: "task_raised",
      version,
      task: { id: String(version), kind: "adverse_action_notice", reasons: [], due_on: "2026-02-01", done_by: null },
    });
  const deal = after(DEAL, ...Array.from({ length: 32 }, (_, number) => task(number + 2)));
  assert.deepEqual([deal.tasks?.[0]?.id, deal.tasks?.length], ["4", 30]);
});

test("a lender's last decision counts, a withdrawn one is none; stipulations and tasks are ticked off", () => {
  const decision = (status: string) => ({
    decision_id: status,
    lender: "First Bank",
    status,
    reasons: [],
    stipulations: [{ id: "s", text: "Proof of income", cleared_by: null }],
  });
  const decided = (version: number, status: string) =>
    event({ type: "lender_decided", version, decision: decision(status), by: bo });
  const task = { id: "t", kind: "adverse_action_notice", reasons: ["bankruptcy"], due_on: "2026-02-01", done_by: null };
  const deal = after(
    DEAL,
    decided(2, "declined"),
    decided(3, "conditional"),
    event({ type: "stipulation_cleared", version: 4, stipulation_id: "s", by: bo }),
    event({ type: "task_raised", version: 5, task }),
    event({ type: "task_done", version: 6, task_id: "t", by: bo }),
  );
  assert.deepEqual(
    deal.lenders?.map((each) => [each.status, each.stipulations[0]?.cleared_by?.name]),
    [["conditional", "Bo"]],
  );
  assert.equal(deal.tasks?.[0]?.done_by?.name, "Bo");
  assert.deepEqual(after(deal, decided(7, "withdrawn")).lenders, []);
});

test("what a view hides changes nothing but the version", () => {
  const {
    locks: _l,
    holds: _h,
    notes: _n,
    lenders: _d,
    tasks: _t,
    approval: _a,
    selected_outdated: _o,
    ...narrow
  } = DEAL;
  const deal = after(
    narrow,
    event({ type: "field_locked", version: 2 }),
    event({ type: "note_added" }),
    event({ type: "vehicle_held" }),
    event({ type: "lender_decided", version: 3 }),
    event({ type: "task_raised", version: 4 }),
    moved(5, "submitted", "approved"),
  );
  assert.deepEqual(deal, { ...narrow, version: 5, state: "approved" });
});

test("the timeline says who did what and why, notes among it, and nothing twice", () => {
  const name = () => "2021 Ford Escape";
  const tell = (each: AnyEvent, deal = DEAL) => {
    const entry = entryOf(deal, each, name);
    return entry && [entry.by, entry.what(formats), entry.why];
  };
  assert.deepEqual(
    tell(moved(2, "submitted", "declined", { reason: "bankruptcy", more_reasons: ["income_insufficient"] })),
    ["Bo", "declined the deal", "Bankruptcy, Income insufficient for the amount"],
  );
  assert.deepEqual(tell(selected(2)), ["Ann", "put 2021 Ford Escape on the deal at $412.34 for 72 months", null]);
  assert.equal(tell(moved(3, "approved", "working", { reason: "car_sold" }))?.[1], "approval voided: working again");
  assert.equal(tell(selected(1)), null);
  const assigned = event({ type: "deal_assigned", version: 2, from: ann, to: { ...ann, name: "Cy" }, by: bo });
  assert.deepEqual(
    tell(assigned)
      ?.slice(0, 2)
      .map((text) => text?.replace(/[\u2068\u2069]/g, "")),
    ["Bo", "assigned the deal to Cy, from Ann"],
  );
  const sold = event({ type: "vehicle_changed", vehicle_id: "1", rev: 1, status: "sold", price_cents: 1 });
  assert.equal(tell(sold), null, "no car of this deal");
  assert.equal(tell(sold, after(DEAL, selected(2)))?.[1], "2021 Ford Escape was sold");
  const entry = entryOf(DEAL, selected(2), name)!;
  const note = { id: "n", text: "Two keys.", by: ann, at: "2099-01-01T00:00:00Z" };
  assert.deepEqual(
    story([entry], [note]).map((each) => each.what(formats)),
    ["Two keys.", entry.what(formats)],
  );
});
