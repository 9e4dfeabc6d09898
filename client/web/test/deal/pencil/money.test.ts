import assert from "node:assert/strict";
import { test } from "node:test";
import { gridTerms } from "../../../src/deal/pencil/axes";
import { cashFlow } from "../../../src/deal/pencil/cash-flow";
import { financed, remedied } from "../../../src/deal/pencil/pencil";
import { cellAfter } from "../../../src/deal/pencil/pencil-cells";
import { scaleOver } from "../../../src/deal/pencil/plot";
import { waterfall } from "../../../src/deal/pencil/waterfall";
import { adviceText, cashLadder, cheapestText, openingText, remediesOf } from "../../../src/deal/stock/fixes";
import { formatsFor } from "../../../src/text/format";

const US = formatsFor("en-US");

test("every remedy is named with its number, the cheapest first", () => {
  const fix = {
    kind: "term",
    cash_cents: 40_000,
    price_cents: 75_050,
    term_months: 72,
    lender: null,
    value_cents: null,
  } as const;
  assert.deepEqual(
    remediesOf(fix, { terms_months: [36, 60], cash_down_cents: 100_000, cash_down_max_cents: null }, US),
    [
      { kind: "term", text: "72 months", changes: { terms_months: [36, 60, 72] } },
      { kind: "cash", text: "$400 more down", changes: { cash_down_max_cents: 140_000 } },
      { kind: "price", text: "$750.50 more discount than you may give", changes: null },
    ],
  );
  assert.deepEqual(remediesOf(null, {}, US), []);
});

test("a financed pick of a lease or a cash deal says so", () => {
  assert.deepEqual(financed({ kind: "lease" }, { term_months: 60 }), { kind: "finance", term_months: 60 });
  assert.deepEqual(financed({ kind: "finance" }, { term_months: 60 }), { term_months: 60 });
  assert.deepEqual(financed({}, { term_months: 60 }), { term_months: 60 });
});

test("a remedy of a picked structure keeps what it does not name", () => {
  const pick = { changes: { term_months: 60, cash_down_cents: 100_000, discount_cents: 5_000 }, programmeId: "harbor" };
  assert.deepEqual(remedied(pick, { cash_down_max_cents: 140_000 }), {
    changes: { ...pick.changes, cash_down_max_cents: 140_000 },
    programmeId: "harbor",
  });
  assert.deepEqual(remedied(pick, { terms_months: [60, 72] }), {
    changes: { cash_down_cents: 100_000, discount_cents: 5_000, terms_months: [60, 72] },
    programmeId: "harbor",
  });
  assert.equal(remedied(pick, { rate_bp: null, rate_reason: null }).programmeId, null);
  assert.deepEqual(remedied(null, { cash_down_max_cents: 1 }), {
    changes: { cash_down_max_cents: 1 },
    programmeId: null,
  });
});

test("a limit of the whole search says how many cars its fix opens", () => {
  assert.equal(
    openingText({ fix: { kind: "cash", cash_cents: 40_000, opens: 63 } }, US),
    "$400 more down opens 63 cars",
  );
  assert.equal(openingText({ fix: { kind: "cash", cash_cents: 40_000, opens: 1 } }, US), "$400 more down opens 1 car");
  assert.equal(openingText({ fix: null }, US), null);
  assert.equal(cheapestText({ kind: "programme", lender: "Harbor" }, US), "Harbor at its own rate");
});

test("more and more cash opens more and more cars, in at most six steps that end with all of them", () => {
  assert.deepEqual(
    cashLadder([
      [40_000, 62],
      [20_000, 1],
    ]),
    [
      { cents: 20_000, opens: 1 },
      { cents: 40_000, opens: 63 },
    ],
  );
  assert.deepEqual(cashLadder([]), []);
  const many = Array.from({ length: 40 }, (_, i) => [(i + 1) * 10_000, 3]);
  assert.deepEqual(
    cashLadder(many).map(({ opens }) => opens),
    [21, 42, 60, 81, 102, 120],
  );
});

test("the month in which what was lent is back counts recoveries, and what the servicing costs", () => {
  const cash = { collected: [500, 500, 500, 0], recovered: [0, 0, 20, 30], servicing: [10, 10, 10, 0] };
  assert.deepEqual(cashFlow(cash, 1_490).paidBack, 3);
  assert.deepEqual(cashFlow(cash, 1_491).paidBack, 4);
  assert.deepEqual(cashFlow(cash, 1_521).paidBack, null);
  assert.equal(cashFlow(cash, 1_000).net, 1_520);
  assert.deepEqual(cashFlow(cash, 1_000).months[2], { month: 3, collected: 500, recovered: 20, servicing: 10 });
});

test("the grid's rows are the deal's terms among the usual ones", () => {
  assert.deepEqual(gridTerms({ terms_months: [36, 66] }), [24, 36, 48, 60, 66, 72, 84]);
  assert.deepEqual(gridTerms({}), [24, 36, 48, 60, 72, 84]);
});

test("a waterfall's steps meet each other and end at the total", () => {
  const { steps, zero, total } = waterfall({
    interest: 600,
    funding: -400,
    loss: -300,
    prepayment: 0,
    front_gross: 500,
  });
  assert.deepEqual(
    steps.map((step) => step.label),
    ["Interest", "Funding", "Credit losses", "Front gross"],
  );
  for (let i = 1; i < steps.length; i++) assert.equal(steps[i]!.from, steps[i - 1]!.to);
  assert.equal(steps[0]!.from, zero);
  assert.equal(total.cents, 400);
  assert.equal(total.to, steps.at(-1)!.to);
  for (const { from, to } of steps) assert.ok(from >= 0 && from <= 1 && to >= 0 && to <= 1);
  assert.equal(waterfall({}).total.cents, 0);
});

test("a scale covers its values between round ticks, also where there is one value only", () => {
  const scale = scaleOver([41_250, 58_900, 47_000], 4);
  assert.deepEqual(scale.ticks, [40_000, 45_000, 50_000, 55_000, 60_000]);
  assert.equal(scale.place(50_000), 0.5);
  for (const value of [0, 5, -71_52, 1e9]) {
    const one = scaleOver([value], 3);
    assert.ok(one.low <= value && value <= one.high && Number.isFinite(one.place(value)), String(value));
  }
});

test("keys move through the grid and stop at its edges", () => {
  assert.deepEqual(cellAfter("ArrowDown", { row: 0, column: 1 }, 3, 4), { row: 1, column: 1 });
  assert.deepEqual(cellAfter("ArrowLeft", { row: 0, column: 0 }, 3, 4), { row: 0, column: 0 });
  assert.deepEqual(cellAfter("End", { row: 2, column: 0 }, 3, 4), { row: 2, column: 3 });
  assert.equal(cellAfter("Enter", { row: 2, column: 0 }, 3, 4), null);
});

test("where no car fits, the advice is about what keeps most cars out", () => {
  const pti = { limit: "pti", cars: 40 },
    score = { limit: "score", cars: 41 };
  assert.match(adviceText([pti, score], false), /score and tier/);
  assert.match(adviceText([pti, { ...score, cars: 39 }], false), /^Raise the payment.*whole group\.$/);
  assert.match(adviceText([], true), /clear the filters\.$/);
});
