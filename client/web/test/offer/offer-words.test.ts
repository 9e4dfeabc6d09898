import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING_CHOSEN, pictureOf } from "../../src/offer/model/choice";
import { type OfferState, OPENING } from "../../src/offer/model/state";
import {
  announcementText,
  cellLabel,
  differenceText,
  factsOf,
  likedText,
  outcomeText,
  paidText,
  shortText,
  statusText,
  summed,
} from "../../src/offer/model/words";
import { formatsFor } from "../../src/text/format";
import { acceptance, cell, financed, inCash, presentation } from "./shown";

const formats = formatsFor("en-US");
const reply = presentation();
const at = formats.clock(reply.as_of);

test("a cell's difference is said in words", () => {
  const base = cell(72, 1_000_00, 300_00);
  const said = (term: number, cash: number, payment: number) =>
    differenceText(cell(term, cash, payment), base, formats);
  assert.equal(said(72, 1_500_00, 290_60), "$500 more down: $9.40 less a month, total of payments $676.80 less.");
  assert.equal(said(60, 1_000_00, 345_00), "12 months shorter: $45.00 more a month, total of payments $900.00 less.");
  assert.equal(
    said(84, 500_50, 300_00),
    "$499.50 less down and 12 months longer: the same payment, total of payments $3,600.00 more.",
  );
  assert.equal(differenceText(base, base, formats), null);
  assert.equal(differenceText(cell(null, 0, null), base, formats), null);
});

test("what is paid, long and short", () => {
  assert.deepEqual(paidText(cell(72, 0, 300_00), formats), ["$300.00", "a month for 72 months"]);
  assert.deepEqual(paidText(cell(null, 0, null), formats), ["$20,000.00", "out the door"]);
  assert.deepEqual(
    paidText({ ...cell(null, 0, null), figures: { ...cell(null, 0, null).figures, total_cents: -5_00 } }, formats),
    ["$5.00", "paid to you"],
  );
  assert.equal(shortText(acceptance(), formats), "$300.00 × 72");
  assert.equal(shortText(acceptance({ kind: "lease" }), formats), "$300.00 × 72 lease");
  assert.equal(shortText({ ...inCash().own, kind: "cash" }, formats), "$20,000.00 cash");
});

test("facts of a loan, of a lease, and none of a car paid in full", () => {
  const loan = financed(300_00, true);
  const names = (way: typeof loan) => factsOf(way, way.own, formats).map(([name]) => name);
  assert.deepEqual(names(loan), ["Cash down", "Total of payments", "APR"]);
  const own = { ...loan.own, figures: { ...loan.own.figures, apr_percent: null, due_at_signing_cents: 1 } };
  const lease = { ...loan, kind: "lease" as const, miles_per_year: 10_000, own };
  assert.deepEqual(names(lease), ["Due at signing", "Total of payments", "Miles a year"]);
  assert.deepEqual(names(inCash()), []);
});

test("a sum ends with what it comes to, from where another one ended", () => {
  const lines = financed(300_00, true).lines;
  assert.deepEqual(summed(lines, "Amount financed").at(-1), { name: "Amount financed", cents: 21_000_00 });
  assert.deepEqual(summed(lines, "Adjusted", 500_00).at(-1), { name: "Adjusted", cents: 21_500_00 });
});

test("a cell says all to somebody who hears it", () => {
  assert.equal(
    cellLabel(cell(72, 1_000_00, 300_00), formats),
    "72 months, $1,000 down: $300.00 a month for 72 months, total of payments $21,600.00",
  );
});

test("how current the figures are is said, and the payment read out when it is there", () => {
  const picture = pictureOf(reply, NOTHING_CHOSEN);
  assert.equal(statusText("live", reply, formats), `Live · ${at}`);
  assert.equal(statusText("updating", reply, formats), "Updating…");
  assert.equal(statusText("offline", reply, formats), `No connection. Figures of ${at}.`);
  assert.equal(announcementText("live", picture, null, formats), "2023 Lexus RX: $300.00 a month for 72 months.");
  assert.equal(announcementText("updating", picture, null, formats), "");
  assert.match(announcementText("offline", picture, "Busy.", formats), /No connection/);
});

test("what came of a press is read out, as the button that was pressed is gone", () => {
  const picture = pictureOf(reply, NOTHING_CHOSEN);
  const said = (liking: OfferState["liking"], accepted: boolean, own: boolean) =>
    announcementText(
      "live",
      picture,
      outcomeText({ liking }, accepted ? acceptance() : null, reply, own, formats),
      formats,
    );
  assert.match(said({ kind: "idle" }, true, true), /^Riley was told at /);
  assert.match(said({ kind: "idle" }, true, false), /^Liked at /);
  assert.match(said({ kind: "changed" }, false, true), /figures changed/);
  assert.equal(said({ kind: "failed", message: "Busy." }, false, true), "Busy.");
  assert.match(said({ kind: "sending" }, false, true), /a month for 72 months/);
});

test("beside the button stands what came of it, else what it does", () => {
  const live = { ...OPENING, standing: "live" as const, reply, outdated: false, mayLike: true };
  const said = (state: Partial<typeof live>, accepted = false) =>
    likedText({ ...live, ...state }, accepted ? acceptance() : null, reply, true, formats);
  assert.equal(said({}), "This tells Riley. It is not a contract.");
  assert.match(said({}, true), /^Riley was told at .*This is not a contract\.$/);
  assert.match(said({ liking: { kind: "changed" } }), /changed/);
  assert.equal(said({ liking: { kind: "failed", message: "Busy." } }), "Busy.");
  assert.match(said({ outdated: true }), /New figures/);
  assert.match(said({ acceptances: [acceptance()] }), /Liked at .* 2023 Lexus RX, \$300\.00 × 72\.$/);
});
