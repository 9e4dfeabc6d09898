import assert from "node:assert/strict";
import { test } from "node:test";
import { Edits } from "../../../src/deal/terms/edits";
import { fieldLabel, tradeFields } from "../../../src/deal/terms/fields";
import {
  flattened,
  follows,
  gathered,
  hasFlatTrade,
  lacksAppraisal,
  moved,
  newTrade,
  parts,
  payoffOn,
  refusedField,
  type ShownTrade,
  tradeName,
} from "../../../src/deal/terms/trades";
import { formatsFor } from "../../../src/text/format";
import { parseVin } from "../../../src/text/parse";
import type { Actor, ErrorBody } from "../../../src/wire";

const MARIA: Actor = { id: "m", name: "Maria", role: "desk_manager" };
const AT = "2026-01-01T10:00:00Z";
const HONDA: ShownTrade = {
  id: "a",
  year: 2019,
  make: "Honda",
  model: "CR-V",
  mileage: null,
  vin: "",
  lienholder: "",
  allowance_cents: 1_200_000,
  payoff_cents: 1_385_600,
  payoff_quoted_on: "2026-03-02",
  payoff_per_diem_cents: 233,
  payoff_good_through: "2026-03-12",
  acv_cents: null,
};

test("an edit of a trade goes out with the fields that were edited, and no others", () => {
  const edits = new Edits();
  edits.put("trades.a.payoff_cents", 5, 0);
  edits.put("trades.a.lienholder", "Bank", "");
  edits.put("cash_down_cents", 7, 0);
  assert.deepEqual(edits.depart(3, "op")?.changes, {
    cash_down_cents: 7,
    trades: [{ id: "a", payoff_cents: 5, lienholder: "Bank" }],
  });
});

test("another's edit of another field of the trade is no conflict; of the same one it is", () => {
  const edits = new Edits();
  edits.put("trades.a.payoff_cents", 5, 0);
  edits.put("trades.a.vin", "X", "");
  edits.changed({ trades: [{ id: "a", payoff_cents: 0, acv_cents: 9, vin: "Y" }], trade_acv_cents: 9 }, MARIA, AT, 4);
  assert.deepEqual(edits.trouble("trades.a.vin"), { kind: "conflict", value: "Y", by: "Maria", at: AT });
  assert.equal(edits.trouble("trades.a.payoff_cents"), null);
});

test("edits of a trade that left the deal are dropped, those of a new one are kept", () => {
  const edits = new Edits();
  edits.put("trades.gone.vin", "X", "");
  edits.put("trades.new", true, undefined);
  edits.put("trades.new.make", "Ford", undefined);
  edits.changed({ trades: [] }, MARIA, AT, 4);
  assert.deepEqual(edits.depart(4, "op")?.changes, { trades: [{ id: "new", make: "Ford" }] });
});

test("a refusal finds the field of the trade, by its id or by its place in what was sent", () => {
  const sent = [{ id: "b" }, { id: "a.c" }];
  assert.equal(refusedField("trades.a.vin", sent), "trades.a.vin");
  assert.equal(refusedField("changes.trades[1].mileage", sent), "trades.a.c.mileage");
  assert.equal(refusedField("cash_down_cents", sent), null);
  const edits = new Edits();
  edits.put("trades.a.vin", "X", "");
  edits.depart(3, "op");
  const error: ErrorBody = {
    code: "invalid",
    message: "no",
    retry: false,
    detail: { field: "trades.a.vin", expected: "expected 17 characters" },
  };
  edits.refused("op", error);
  assert.deepEqual(edits.trouble("trades.a.vin"), { kind: "refused", message: "expected 17 characters", retry: false });
});

test("single fields are gathered to what they were", () => {
  const structure = { cash_down_cents: 1, trades: [HONDA] };
  assert.deepEqual(gathered(flattened(structure)), structure);
  assert.deepEqual(gathered({ "trades.a": false, "trades.a.vin": "X" }), { trades: [{ id: "a", removed: true }] });
  assert.deepEqual(parts("trades.a.b"), { id: "a.b", field: null });
  assert.equal(parts("trade_allowance_cents"), null);
});

test("what happened to a trade is told field by field, with its name", () => {
  const after = { trades: [{ ...HONDA, allowance_cents: 1_300_000 }], trade_allowance_cents: 1_300_000 };
  assert.deepEqual(moved({ trades: [HONDA] }, after, fieldLabel), [
    { key: "trades.a.allowance_cents", label: "2019 Honda CR-V: Allowance", before: 1_200_000, after: 1_300_000 },
  ]);
  assert.deepEqual(moved({}, { trades: [HONDA] }, fieldLabel), [
    { key: "trades.a", label: "Trade", before: undefined, after: "2019 Honda CR-V" },
  ]);
  assert.ok(follows("trade_allowance_cents", after) && follows("trades", after));
  assert.ok(!follows("trade_allowance_cents", { trade_allowance_cents: 1 }));
});

test("the payoff counts its per diem from the quote", () => {
  assert.equal(payoffOn(HONDA, "2026-03-05"), 1_385_600 + 3 * 233);
  assert.equal(payoffOn({ ...HONDA, payoff_quoted_on: null }, "2026-03-05"), 1_385_600);
  assert.equal(payoffOn({ ...HONDA, payoff_quoted_on: null }, "2026-03-14"), 1_385_600 + 2 * 233);
});

test("a trade is not appraised until somebody states its value, and a view that hides it says nothing", () => {
  const { acv_cents: _, ...shown } = HONDA;
  assert.ok(lacksAppraisal({ trades: [HONDA] }));
  assert.ok(lacksAppraisal({ trades: [{ ...shown, appraised: false }] }));
  assert.ok(!lacksAppraisal({ trades: [{ ...HONDA, acv_cents: 0 }] }));
  assert.ok(!lacksAppraisal({ trades: [shown] }));
  assert.ok(lacksAppraisal({ trade_allowance_cents: 5, trade_acv_cents: null }));
});

test("amounts without a record become those of the new trade", () => {
  const structure = { trade_allowance_cents: 5, payoff_cents: 3, trades: [] };
  assert.ok(hasFlatTrade(structure));
  assert.deepEqual(gathered(newTrade("t", structure)), {
    trades: [{ id: "t", allowance_cents: 5, payoff_cents: 3 }],
  });
  assert.deepEqual(gathered(newTrade("t", {})), { trades: [{ id: "t" }] });
});

test("a salesperson's form of a trade has no field for its value", () => {
  const { acv_cents: _, ...shown } = HONDA;
  const fields = tradeFields("a", shown).map(({ field }) => field);
  assert.ok(fields.includes("trades.a.vin") && !fields.includes("trades.a.acv_cents"));
  assert.equal(fieldLabel("trades.a.acv_cents"), "Cash value (ACV)");
  assert.equal(tradeName(undefined), "Trade");
});

test("a VIN is read in capitals and refused while it is too short", () => {
  assert.deepEqual(parseVin(" 1m8gdm9axkp042788 "), { ok: true, value: "1M8GDM9AXKP042788" });
  assert.deepEqual(parseVin(""), { ok: true, value: "" });
  assert.equal(parseVin("1M8").ok, false);
  assert.equal(parseVin("1M8GDM9AXKP04278O").ok, false);
  assert.ok(formatsFor("en-US"));
});
