import assert from "node:assert/strict";
import { test } from "node:test";
import { GROUPS } from "../../../src/deal/terms/fields";
import { Folds } from "../../../src/deal/terms/folds";
import { contractHead, equityCents, feesHead, productsTitle, tradeHead } from "../../../src/deal/terms/heads";
import { remedyOf } from "../../../src/deal/terms/remedies";
import { formatsFor } from "../../../src/text/format";

const formats = formatsFor("en-US");

function keeper(first: string | null = null) {
  const kept = new Map<string, string>(first === null ? [] : [["deal-architect.folds", first]]);
  return {
    read: (name: string) => kept.get(name) ?? null,
    write: (name: string, text: string) => void kept.set(name, text),
  };
}

test("a fold is as the person left it; what opened because of an error is not remembered", () => {
  const kept = keeper();
  const folds = new Folds(kept);
  folds.turn("fees", true);
  folds.turn("trade", true, false);
  assert.ok(folds.isOpen("fees") && folds.isOpen("trade") && !folds.isOpen("products"));
  const later = new Folds(kept);
  assert.ok(later.isOpen("fees") && !later.isOpen("trade"));
  later.turn("fees", false);
  assert.ok(!new Folds(kept).isOpen("fees"));
});

test("with nonsense in the storage, folds begin closed and still turn", () => {
  for (const each of [keeper("nonsense"), keeper('{"a":1}')]) {
    const folds = new Folds(each);
    folds.turn("fees", true);
    assert.ok(folds.isOpen("fees"));
  }
});

test("every field of the form stands once, and eight of them outside a fold beside the trade", () => {
  const fields = GROUPS.flatMap((group) => group.fields.map(({ field }) => field));
  assert.equal(new Set(fields).size, fields.length);
  const out = GROUPS.filter((group) => !group.fold).flatMap((group) => group.fields);
  assert.deepEqual(
    out.map(({ field }) => field),
    [
      ...["payment_min_cents", "payment_max_cents", "cash_down_cents", "cash_down_max_cents", "terms_months"],
      ...["tier", "tier_source", "kind"],
    ],
  );
});

const TRADE = {
  id: "1",
  year: 2019,
  make: "Honda",
  model: "CR-V",
  allowance_cents: 1_200_000,
  payoff_cents: 1_385_600,
};
const trade = (more: object = {}) => ({
  ...TRADE,
  payoff_per_diem_cents: 0,
  payoff_quoted_on: null,
  payoff_good_through: null,
  ...more,
});

test("the head of the trade names it and says its equity", () => {
  assert.equal(tradeHead({ trades: [trade()] }, "2026-01-01", formats), "’19 CR-V, equity -$1,856");
  const grown = trade({ payoff_per_diem_cents: 1_000, payoff_quoted_on: "2025-12-22" });
  assert.equal(tradeHead({ trades: [grown] }, "2026-01-01", formats), "’19 CR-V, equity -$1,956");
  const two = { trades: [trade(), trade({ id: "2", allowance_cents: 500_000, payoff_cents: 0 })] };
  assert.equal(tradeHead(two, "2026-01-01", formats), "2 trades, equity $3,144");
  assert.equal(tradeHead({ trade_allowance_cents: 100_000, payoff_cents: 0 }, "2026-01-01", formats), "equity $1,000");
  assert.equal(equityCents({ trades: [] }, "2026-01-01"), null);
});

test("the other heads say their sum, or what is set", () => {
  assert.equal(feesHead({ fees_cents: 89_900 }, undefined, formats), "$899 + tax");
  assert.equal(feesHead({ fees_cents: 89_900 }, 34_100, formats), "$1,240");
  assert.equal(
    feesHead({ fees_cents: 89_900, discount_cents: 50_000, rebate_cents: 25_000 }, 34_100, formats),
    "$1,240, $750 off",
  );
  assert.equal(productsTitle({ products: [{}, {}, {}] }), "F&I products (3)");
  assert.equal(productsTitle({}), "F&I products");
  assert.equal(contractHead({ first_payment_days: 45 }, formats), "Today, due in 45 days");
  assert.equal(
    contractHead({ contract_date: "2026-01-02", first_payment_date: "2026-02-15" }, formats),
    "Jan 2, 2026, due Feb 15, 2026",
  );
});

test("two ends of a range that have crossed say how they fit", () => {
  const shown = {
    cash_down_cents: 600_000,
    cash_down_max_cents: 400_000,
    payment_min_cents: 0,
    payment_max_cents: null,
  };
  const of = (field: keyof typeof shown) => remedyOf(field, (each) => shown[each as keyof typeof shown]);
  const remedy = { words: "Max must be at least cash down.", field: "cash_down_max_cents", value: 600_000 };
  assert.deepEqual(of("cash_down_cents"), remedy);
  assert.deepEqual(of("cash_down_max_cents"), remedy);
  assert.equal(of("payment_max_cents"), null, "no limit is above every minimum");
  assert.equal(
    remedyOf("fees_cents", () => 0),
    null,
  );
});
