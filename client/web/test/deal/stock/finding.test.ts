import assert from "node:assert/strict";
import { test } from "node:test";
import { isOver, reachText, SPEAK_EVERY_MS, Speech, spokenText } from "../../../src/deal/stock/best";
import { areAwaited, Finder, finds } from "../../../src/deal/stock/finder";
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

test("cars of older words are told apart from those of the words that stand in the box", () => {
  const { finder, asked, elapse } = byHand();
  const told = (text: string) => [finds(finder.found.value, text), areAwaited(finder.found.value, text)];
  finder.look("civic");
  elapse();
  asked[0]!.replied(found(["1"]));
  assert.deepEqual(told("civic "), [true, false]);
  finder.look("civic lx");
  assert.deepEqual(rowsOf(finder)?.length, 1);
  assert.deepEqual(told("civic lx"), [false, true]);
  elapse();
  assert.deepEqual(told("civic lx"), [false, true]);
  asked[1]!.replied(found([]));
  assert.deepEqual(told("civic lx"), [true, false]);
  assert.deepEqual(told("c"), [false, false]);
});

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
  const says = (matched: number, settled: number, reason: string | null, failed = 0) =>
    reachText({ matched, settled, failed, reason }, formats);
  assert.equal(says(2047, 2047, "complete"), "Best of 2,047 (all)");
  assert.equal(says(20_000, 20_000, "limit"), "Best of the first 20,000");
  assert.equal(says(300, 300, null), "Best of 300 so far");
  assert.equal(says(300, 120, null), "Best of 120 so far · 300 found");
  assert.equal(says(300, 120, "complete"), "Best of 120 so far · 300 cars");
  assert.equal(says(300, 300, "complete", 29), "Best of 271 valued · 300 cars");
  assert.equal(says(300, 120, null, 20), "Best of 100 valued · 300 found");
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

test("what is said aloud: how many cars, how many have a value, what is shown, and what did not work", () => {
  const say = (more: Partial<Parameters<typeof spokenText>[0]>) =>
    spokenText({ matched: 412, settled: 380, shown: 412, failed: 0, reason: null, ...more }, formats);
  assert.equal(say({}), "412 cars, 380 valued");
  assert.equal(say({ settled: 412, reason: "complete" }), "412 cars, all valued");
  assert.equal(say({ settled: 412, shown: 9, failed: 3 }), "412 cars, 409 valued, 3 could not be valued, 9 shown");
  assert.equal(say({ matched: 1, settled: 1, shown: 1 }), "1 car, all valued");
  assert.deepEqual([say({ matched: 0 }), say({ matched: 0, reason: "complete" })], ["Searching", "No cars qualify"]);
  assert.equal(isOver({ matched: 4, settled: 3, reason: "complete" }), false);
  assert.equal(isOver({ matched: 4, settled: 4, reason: null }), false);
  assert.equal(isOver({ matched: 4, settled: 4, reason: "limit" }), true);
});

test("what is said comes every few seconds, only if it is news; of a short search the end alone", () => {
  const speech = new Speech();
  assert.equal(speech.next("1 car", false, 0), null);
  assert.equal(speech.next("2 cars", false, 10), null);
  assert.equal(speech.next("3 cars", false, SPEAK_EVERY_MS), "3 cars");
  assert.equal(speech.next("3 cars", false, 3 * SPEAK_EVERY_MS), null);
  assert.equal(speech.next("4 cars", false, 3 * SPEAK_EVERY_MS), "4 cars");
  assert.equal(speech.next("all valued", true, 3 * SPEAK_EVERY_MS + 1), "all valued");
  const later = 100 * SPEAK_EVERY_MS;
  assert.equal(speech.next("5 cars", false, later), null);
  assert.equal(speech.next("5 cars, all valued", true, later + 900), "5 cars, all valued");
  assert.equal(speech.next("5 cars, all valued", true, later + 5_000), null, "the same search");
  assert.equal(speech.next("Searching", false, later + 6_000), null);
  assert.equal(speech.next("5 cars, all valued", true, later + 6_900), "5 cars, all valued", "another one");
});
