import assert from "node:assert/strict";
import { test } from "node:test";
import { appliedTo, isUndoable } from "../../../src/deal/pencil/applied";
import { firstShown, fitting } from "../../../src/deal/pencil/fitting";
import {
  against,
  nearest,
  pickOf,
  plotted,
  pointAfter,
  pointText,
  reversalText,
} from "../../../src/deal/pencil/frontier";
import { fixButtons, otherFixes, whyNotText } from "../../../src/deal/pencil/why-not";
import { rememberedTab, rememberTab } from "../../../src/screen/offer/tabs/remembered";
import { tabAfter } from "../../../src/screen/offer/tabs/tab-list";
import { formatsFor } from "../../../src/text/format";
import type { FrontierReply, QuoteReply, StressedPoint } from "../../../src/wire";

const US = formatsFor("en-US");

const point = (payment: number, npv: number | undefined, more: Partial<StressedPoint> = {}): StressedPoint => ({
  term_months: 72,
  rate_bp: 1035,
  cash_down_cents: 200_000,
  discount_cents: 0,
  payment_cents: payment,
  ...(npv === undefined ? {} : { npv_cents: npv }),
  ...more,
});
const reply = (points: StressedPoint[]) => ({ points }) as unknown as FrontierReply;
const quote = (fields: Partial<QuoteReply>) => fields as QuoteReply;

test("the plot draws the points whose worth is seen, by rising payment", () => {
  const points = plotted(reply([point(50_000, 3), point(40_000, undefined), point(30_000, 1)]));
  assert.deepEqual(
    points.map((each) => each.payment_cents),
    [30_000, 50_000],
  );
});

test("arrows lead along the points and stop at the ends; other keys lead nowhere", () => {
  assert.deepEqual(
    ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "Home", "End", "x"].map((key) => pointAfter(key, 1, 3)),
    [2, 2, 0, 0, 0, 2, null],
  );
  assert.equal(pointAfter("ArrowRight", 2, 3), 2);
  assert.equal(pointAfter("ArrowLeft", 0, 3), 0);
});

test("a click picks the point that is nearest to it", () => {
  const places = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 30 },
  ];
  assert.equal(nearest(places, 7, 4), 1);
  assert.equal(nearest(places, 7, 20), 2);
  assert.equal(nearest([], 7, 20), -1);
});

test("a picked point is its own structure, financed also in a deal that is a lease", () => {
  const picked = pickOf(point(40_000, 1, { discount_cents: 50_000, programme_id: "group-72" }), { kind: "lease" });
  assert.deepEqual(picked, {
    changes: {
      kind: "finance",
      term_months: 72,
      cash_down_cents: 200_000,
      cash_down_max_cents: 200_000,
      discount_cents: 50_000,
    },
    programmeId: "group-72",
  });
});

test("a point is said with all that it is, and with what it changes", () => {
  const told = point(47_043, 821_402, { lender: "Group", stress_npv_cents: 788_126, passed_by: 2 });
  assert.equal(
    pointText(told, US),
    "$470.43 for 72 months, $2,000.00 down, Group, NPV $8,214, stress NPV $7,881, beaten by 2 with a lower payment",
  );
  const shown = quote({
    payment_cents: 48_000,
    term_months: 72,
    cash_down_cents: 200_000,
    value: { npv_cents: 900_000 },
  });
  assert.deepEqual(against(told, shown), { paymentCents: -957, npvCents: -78_598 });
  assert.equal(against(told, quote({ ...shown, payment_cents: 47_043 })), null);
  assert.equal(against(told, null), null);
  assert.equal(reversalText([told, point(1, 1)], US), "1 beaten by a lower payment under stress");
  assert.equal(reversalText([point(1, 1)], US), null);
});

test("why a car fails is said in the trade's words, with amount and lender", () => {
  const over = { binding: "amount_max", over_cents: 231_000, over_lender: "Group" };
  assert.equal(whyNotText(over, US), "Over max advance by $2,310 at Group");
  assert.equal(whyNotText({ binding: "payment_max", over_cents: 6_803 }, US), "Over target payment by $68.03");
  const floor = { binding: "npv_floor", fix: { kind: "value", value_cents: 120_000 } as const };
  assert.equal(whyNotText(floor, US), "Below store minimum by $1,200");
  assert.equal(whyNotText({ binding: "ltv_front" }, US), "Front-end LTV over limit");
  assert.equal(whyNotText({ binding: null }, US), "No offer with these terms");
});

test("a fix is a button with the change, the cheapest first; what others must grant is none", () => {
  const fix = { kind: "term", cash_cents: 80_000, term_months: 84, price_cents: 30_050, lender: "Group" } as const;
  const structure = { cash_down_cents: 200_000, cash_down_max_cents: 400_000, terms_months: [60, 72] };
  assert.deepEqual(fixButtons(fix, structure, US), [
    { key: "term", text: "84 mo", changes: { terms_months: [60, 72, 84] } },
    { key: "programme", text: "Group at its own rate", changes: { rate_bp: null, rate_reason: null } },
    { key: "cash", text: "+$800 down", changes: { cash_down_max_cents: 480_000 } },
  ]);
  assert.deepEqual(otherFixes(fix, US), ["$300.50 more discount than you may give"]);
  assert.deepEqual(fixButtons(null, structure, US), []);
});

test("a change from the panel is undone until somebody sets one of its fields to something else", () => {
  const structure = { cash_down_max_cents: 400_000, terms_months: [60, 72] };
  const applied = appliedTo(structure, { cash_down_max_cents: 480_000, rate_bp: null }, "+$800 down");
  assert.deepEqual(applied.before, { cash_down_max_cents: 400_000, rate_bp: null });
  // On its way, there, and overtaken.
  assert.equal(isUndoable(applied, structure), true);
  assert.equal(isUndoable(applied, { ...structure, cash_down_max_cents: 480_000 }), true);
  assert.equal(isUndoable(applied, { ...structure, cash_down_max_cents: 500_000 }), false);
  const lines = appliedTo({ products: [{ product_id: "gap" }] }, { products: [] }, "Without GAP");
  assert.equal(isUndoable(lines, { products: [{ product_id: "key", price_cents: 1 }] }), true);
});

test("as many whole columns stand in the frame as fit, and one of them is kept in sight", () => {
  const fit = fitting(446, 84, 70, 9);
  assert.equal(fit.shown, 5);
  assert.equal(fit.width * 5 + 84, 446);
  assert.deepEqual(fitting(446, 84, 70, 3), { shown: 3, width: fit.width });
  assert.deepEqual(fitting(50, 84, 70, 9), { shown: 1, width: 70 });
  assert.equal(firstShown(0, 3, fit, 9), 0);
  assert.equal(firstShown(0, 6, fit, 9), 2);
  assert.equal(firstShown(4, 1, fit, 9), 1);
  assert.equal(firstShown(9, 8, fit, 9), 4);
  assert.equal(firstShown(5, 2, fitting(446, 84, 70, 3), 3), 0);
});

test("each person's last tab is open again; one that is no tab is the first", () => {
  const kept = new Map<string, string | null>();
  const shelf = {
    read: (name: string) => kept.get(name) ?? null,
    write: (name: string, text: string | null) => void kept.set(name, text),
  };
  rememberTab(shelf, "ann", "value");
  assert.equal(rememberedTab(shelf, "ann"), "value");
  assert.equal(rememberedTab(shelf, "bob"), "pencil");
  kept.set("offer-tab:ann", "gone");
  assert.equal(rememberedTab(shelf, "ann"), "pencil");
});

test("arrows move around the ends of the tabs, Home and End to them", () => {
  assert.deepEqual(
    ["ArrowRight", "ArrowLeft", "Home", "End", "Enter"].map((key) => tabAfter(key, 3, 4)),
    [0, 2, 0, 3, null],
  );
});
