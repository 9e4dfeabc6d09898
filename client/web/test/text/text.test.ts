import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalText } from "../../src/deal/terms/fields";
import { formatsFor } from "../../src/text/format";
import { parseMoney, parsePercent, parseWhole, typedMoney } from "../../src/text/parse";

const US = formatsFor("en-US");
const DE = formatsFor("de-DE");
const value = (parsed: { ok: boolean; value?: unknown }) => (parsed.ok ? parsed.value : "refused");

test("an amount that a field begins with is read as the same cents, whatever the decimal sign", () => {
  for (const formats of [US, DE]) {
    for (const cents of [0, 5, 123_450, 123_456]) {
      assert.equal(value(parseMoney(typedMoney(cents, formats), formats)), cents);
    }
  }
  assert.equal(typedMoney(123_450, DE), "1234,50");
});

test("money as people type it becomes whole cents", () => {
  const cases: [string, unknown][] = [
    ["3,000", 300_000],
    ["$3000.50", 300_050],
    ["3k", 300_000],
    ["1.2k", 120_000],
    [" 45 ", 4_500],
    ["", null],
    [".5", 50],
    ["0", 0],
    ["19.99", 1_999],
    ["1.005", "refused"],
    ["-5", "refused"],
    ["abc", "refused"],
    ["1.2.3", "refused"],
    ["999999999999", "refused"],
    ["k", "refused"],
  ];
  for (const [text, expected] of cases) assert.equal(value(parseMoney(text, US)), expected, text);
});

test("separators follow the language", () => {
  assert.equal(value(parseMoney("3.000,50", DE)), 300_050);
  assert.equal(value(parsePercent("7,25 %", DE)), 725);
});

test("percentages become basis points with at most two decimals", () => {
  assert.equal(value(parsePercent("7.25", US)), 725);
  assert.equal(value(parsePercent("8.875%", US)), 887.5);
  assert.equal(value(parsePercent("101", US)), "refused");
});

test("whole numbers refuse fractions", () => {
  assert.equal(value(parseWhole("60,000", US)), 60_000);
  assert.equal(value(parseWhole("60k", US)), 60_000);
  assert.equal(value(parseWhole("1.5", US)), "refused");
});

test("a refusal names fields by their labels", () => {
  assert.equal(refusalText("expected at least payment_min_cents"), "Must be at least “Target payment min”");
  assert.equal(refusalText("A deal that is signed cannot be edited."), "A deal that is signed cannot be edited.");
});

test("a calendar date does not move with the zone", () => {
  assert.equal(US.day("2026-03-01"), "Mar 1, 2026");
});
