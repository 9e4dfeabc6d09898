import assert from "node:assert/strict";
import { test } from "node:test";
import { reachText } from "../../../src/deal/stock/best";
import { Finder } from "../../../src/deal/stock/finder";
import { openings } from "../../../src/deal/stock/fixes";
import { formatsFor } from "../../../src/text/format";
import type { Rejection, Reply } from "../../../src/wire";

const formats = formatsFor("en-US");

/** A finder whose clock and server are turned by hand. */
function byHand() {
  const asked: { text: string; replied: (reply: Reply) => void }[] = [];
  let waiting: (() => void) | null = null;
  const finder = new Finder({
    find: (text, replied) => asked.push({ text, replied }) > 0,
    later: (_ms, action) => {
      waiting = action;
      return () => {
        waiting = null;
      };
    },
  });
  return { finder, asked, elapse: () => waiting?.() };
}

const rowsOf = (finder: Finder) => finder.found.value.rows;

const found = (ids: string[]) =>
  ({
    ok: true,
    data: {
      rows: ids.length,
      more: true,
      columns: { vehicle_id: ids, rev: ids.map(() => 1), payment_cents: ids.map(() => null) },
    },
  }) as unknown as Reply;

test("a find is asked after a pause, with the last words only", () => {
  const { finder, asked, elapse } = byHand();
  finder.look("lex");
  finder.look(" lexus ");
  elapse();
  assert.deepEqual(
    asked.map(({ text }) => text),
    ["lexus"],
  );
  assert.equal(rowsOf(finder), null);
  asked[0]!.replied(found(["7"]));
  assert.deepEqual(
    rowsOf(finder)?.map((row) => [row.vehicle_id, row.value]),
    [["7", "none"]],
  );
  assert.equal(finder.found.value.more, true);
});

test("an answer to older words is not shown, and one character asks nothing", () => {
  const { finder, asked, elapse } = byHand();
  finder.look("camry");
  elapse();
  finder.look("rav");
  elapse();
  asked[0]!.replied(found(["1"]));
  assert.equal(rowsOf(finder), null);
  asked[1]!.replied({ ok: false, error: { code: "rate_limited", message: "Wait.", retry: true } } as unknown as Reply);
  assert.deepEqual([finder.found.value.rows, finder.found.value.failure?.message], [[], "Wait."]);
  finder.look("r");
  elapse();
  assert.equal(asked.length, 2);
  assert.equal(finder.found.value.words, "");
});

test("the reach of a search is said in words", () => {
  const says = (matched: number, settled: number, reason: string | null) =>
    reachText({ matched, settled, reason }, formats);
  assert.equal(says(2047, 2047, "complete"), "Best of 2,047 (all)");
  assert.equal(says(20_000, 20_000, "limit"), "Best of the first 20,000");
  assert.equal(says(300, 300, null), "Best of 300 so far");
  assert.equal(says(300, 120, null), "Best of 120 so far · 300 found");
  assert.equal(says(300, 120, "complete"), "Best of 120 so far · 300 cars");
  assert.equal(says(0, 0, "complete"), "0 cars");
});

const rejection = (part: Partial<Rejection>): Rejection =>
  ({ limit: "payment_max", cars: 9, fix: null, cash_steps: [], term_opens: [], at_least: false, ...part }) as Rejection;

test("openings add up over the limits: the least cash that opens half, and the terms that open most", () => {
  const rejected = [
    rejection({
      cash_steps: [
        [20_000, 1],
        [80_000, 3],
      ],
      term_opens: [[84, 5]],
    }),
    rejection({
      limit: "pti",
      cash_steps: [
        [80_000, 2],
        [900_000, 4],
      ],
      term_opens: [
        [84, 1],
        [96, 2],
        [36, 1],
      ],
    }),
  ];
  const structure = { cash_down_cents: 100_000, cash_down_max_cents: 200_000, terms_months: [72, 60] };
  assert.deepEqual(
    openings(rejected, structure, formats).map(({ text, cars, atLeast, changes }) => [text, cars, atLeast, changes]),
    [
      ["+$800 down", 6, false, { cash_down_max_cents: 280_000 }],
      ["84 months", 6, false, { terms_months: [60, 72, 84] }],
      ["96 months", 2, false, { terms_months: [60, 72, 96] }],
    ],
  );
  assert.deepEqual(openings([], structure, formats), []);
  assert.equal(openings([rejection({ at_least: true, term_opens: [[84, 5]] })], structure, formats)[0]?.atLeast, true);
});
