import assert from "node:assert/strict";
import { test } from "node:test";
import { cellDifference, gridRows, overMaximum } from "../../../src/deal/pencil/grid-reading";
import type { QuoteGrid, QuoteReply } from "../../../src/wire";

const GRID: QuoteGrid = {
  terms_months: [48, 60, 72],
  cash_down_cents: [100_000, 150_000],
  payment_cents: [
    [70_000, 69_000],
    [60_000, 59_000],
    [50_000, 49_000],
  ],
  rate_bp: [
    [700, 700],
    [710, 710],
    [720, 720],
  ],
  eligible: [
    [true, true],
    [true, true],
    [false, true],
  ],
  npv_cents: [
    [100_000, 90_000],
    [120_000, 110_000],
    [500_000, 130_000],
  ],
  lender: [
    ["Harbor", "Harbor"],
    ["Harbor", "Summit"],
    [null, "Harbor"],
  ],
  discount_cents: [
    [0, 0],
    [0, 20_000],
    [null, 0],
  ],
};

test("a term that nobody chose says whether its best possible cell beats the best chosen one", () => {
  assert.deepEqual(gridRows(GRID, [48, 60]), [
    { term: 48, chosen: true, against: null },
    { term: 60, chosen: true, against: null },
    { term: 72, chosen: false, against: { beats: true, term: 60, cents: 10_000 } },
  ]);
  assert.deepEqual(gridRows(GRID, [72])[0]!.against, { beats: false, term: 72, cents: 30_000 });
  assert.deepEqual(
    gridRows(GRID, [24]).map(({ against }) => against),
    [null, null, null],
  );
});

test("scores are compared without amounts, and a customer's grid compares nothing", () => {
  const { npv_cents: _, ...hidden } = GRID;
  const score = [
    [1, 1],
    [3, 2],
    [5, 3],
  ];
  assert.deepEqual(gridRows({ ...hidden, score }, [60])[2]!.against, { beats: false, term: 60, cents: null });
  assert.equal(gridRows(hidden, [60])[2]!.against, null);
});

test("a cell is tagged where its lender or discount is not the offer's", () => {
  const quote = { lender: "Harbor", discount_cents: 0, grid: GRID } as unknown as QuoteReply;
  assert.deepEqual(cellDifference(quote, 0, 0), { lender: null, discountCents: null });
  assert.deepEqual(cellDifference(quote, 1, 1), { lender: "Summit", discountCents: 20_000 });
  assert.deepEqual(cellDifference(quote, 2, 0), { lender: null, discountCents: null });
});

test("cash above the customer's stated maximum is over it", () => {
  assert.equal(overMaximum(600_001, { cash_down_max_cents: 600_000 }), true);
  assert.equal(overMaximum(600_000, { cash_down_max_cents: 600_000 }), false);
  assert.equal(overMaximum(100, { cash_down_max_cents: null }), false);
});
