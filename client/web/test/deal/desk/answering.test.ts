import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOffer, counterReason, sameFigures } from "../../../src/deal/desk/answering";
import { nudgeAxes, nudgesOf, pickOf } from "../../../src/deal/pencil/nudges";
import type { AgreedFigures, DealOffer, QuoteGrid } from "../../../src/wire";

const offer = {
  ...{ offer_id: "o", vehicle_id: "v", term_months: 72, cash_down_cents: 440_000, discount_cents: 10_000 },
  ...{ rate_bp: 1035, npv_cents: 1_000_000, programme_id: "p", changes: { trade_credit: true, term_months: 60 } },
} as unknown as DealOffer;

test("a counter has the reason that its changes suggest", () => {
  const reasons = [{ cash_down_cents: 490_000 }, { term_months: 60 }, { discount_cents: 0 }, { rate_bp: 900 }, {}];
  assert.deepEqual(
    reasons.map((changes) => counterReason(changes, offer)),
    ["cash_too_low", "term_too_long", "gross_too_low", "better_programme", "gross_too_low"],
  );
});

test("a counter changes something of the offer, or names another programme", () => {
  const same = { cash_down_cents: 440_000, term_months: 72, discount_cents: 10_000 };
  assert.equal(changesOffer(same, null, offer), false);
  assert.equal(changesOffer(same, "other", offer), true);
  for (const change of [{ cash_down_cents: 1 }, { term_months: 60 }, { discount_cents: 0 }, { rate_bp: 900 }]) {
    assert.equal(changesOffer({ ...same, ...change }, null, offer), true);
  }
});

test("figures are the same if nothing that people agree on differs", () => {
  const figures: AgreedFigures = {
    ...{ kind: "finance", vehicle_id: "v", payment_cents: 1, term_months: 72, cash_down_cents: 2, rate_bp: 3 },
    ...{ lender: null, total_cents: 4 },
  };
  const { lender: _, ...older } = figures;
  assert.ok(sameFigures(figures, older as AgreedFigures));
  assert.ok(sameFigures(null, undefined));
  assert.ok(!sameFigures(figures, null));
  for (const [name, value] of Object.entries({ payment_cents: 9, cash_down_cents: 9, rate_bp: 9, lender: "x" })) {
    assert.ok(!sameFigures(figures, { ...figures, [name]: value }), name);
  }
});

test("the nearest counters are more cash in the same term, then the next shorter term", () => {
  assert.deepEqual(nudgeAxes(offer), { cash: [440_000, 490_000, 540_000], terms: [60, 72] });
  const grid = {
    ...{ terms_months: [60, 72], cash_down_cents: [440_000, 490_000, 540_000], rate_bp: [] },
    payment_cents: [
      [130_000, null, null],
      [115_000, 114_000, null],
    ],
    npv_cents: [
      [990_000, null, null],
      [1_000_000, 1_018_000, null],
    ],
    eligible: [
      [true, false, false],
      [true, true, false],
    ],
  } as unknown as QuoteGrid;
  assert.deepEqual(nudgesOf({ grid }, offer), [
    { cashCents: 490_000, termMonths: 72, paymentCents: 114_000, npvCents: 18_000, moreCents: 50_000 },
    { cashCents: 440_000, termMonths: 60, paymentCents: 130_000, npvCents: -10_000, moreCents: 0 },
  ]);
  assert.deepEqual(nudgesOf({ grid: { ...grid, terms_months: [36, 48] } }, offer), []);
});

test("the grid shows an offer as it was agreed, whatever the customer's limits are", () => {
  const { changes, programmeId } = pickOf(offer);
  assert.equal(programmeId, "p");
  assert.deepEqual(changes, {
    ...{ trade_credit: true, term_months: 72, cash_down_cents: 440_000, cash_down_max_cents: 440_000 },
    ...{ discount_cents: 10_000, payment_max_cents: null },
  });
});
