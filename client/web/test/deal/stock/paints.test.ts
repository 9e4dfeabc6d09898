import assert from "node:assert/strict";
import { test } from "node:test";
import { type Paint, Paints, REPORT_EVERY_MS } from "../../../src/deal/stock/paints";
import type { AnyEvent } from "../../../src/wire";

function told(): { paints: Paints; reports: Paint[] } {
  const reports: Paint[] = [];
  return { paints: new Paints((paint) => reports.push(paint)), reports };
}

function event(type: string, fields: object = {}): AnyEvent {
  return { type, channel: "deal:1", seq: 1, at: "", search_id: "s1", chunk: 0, deal_version: 3, ...fields } as never;
}

/** Plays the events of a search, each drawn 10 ms after it came, 100 ms apart from `at` on. */
function play(paints: Paints, at: number, searchId = "s1", version = 3): void {
  for (const [i, type] of ["search_started", "matches", "offers", "search_ended", "search_valued"].entries()) {
    const now = at + 100 * i;
    paints.heard(event(type, { search_id: searchId, deal_version: version }), now, true);
    paints.drawn(searchId, paints.pending, now + 10);
  }
}

test("each stage is reported once, from the command to the frame", () => {
  const { paints, reports } = told();
  paints.left("op-1", 1_000);
  paints.searched("op-1", "s1");
  play(paints, 1_050);
  play(paints, 1_050);
  assert.deepEqual(reports, [
    { search_id: "s1", stage: "first_matches", ms: 160, after_ms: 10 },
    { search_id: "s1", stage: "first_offers", ms: 260, after_ms: 10 },
    { search_id: "s1", stage: "all_matches", ms: 360, after_ms: 10 },
    { search_id: "s1", stage: "all_offers", ms: 460, after_ms: 10 },
  ]);
});

test("a reply that comes after the first cars finds their paint", () => {
  const { paints, reports } = told();
  paints.left("op-1", 1_000);
  play(paints, 1_050);
  assert.equal(reports.length, 0);
  paints.searched("op-1", "s1");
  assert.deepEqual(
    reports.map((paint) => [paint.stage, paint.ms]),
    [
      ["first_matches", 160],
      ["first_offers", 260],
      ["all_matches", 360],
      ["all_offers", 460],
    ],
  );
});

test("a search that an edit repeated counts from the edit, the first one if there were several", () => {
  const { paints, reports } = told();
  paints.left("op-1", 1_000);
  paints.left("op-2", 1_020);
  paints.decided("op-1", 7);
  paints.decided("op-2", 8);
  play(paints, 1_100, "s2", 8);
  assert.equal(reports[0]?.ms, 210);
  assert.equal(reports[0]?.search_id, "s2");
});

test("the search of somebody else is not reported, nor a version that is not searched yet", () => {
  const { paints, reports } = told();
  paints.left("op-1", 1_000);
  paints.decided("op-1", 9);
  play(paints, 1_100, "s1", 8);
  assert.deepEqual(reports, []);
  assert.deepEqual(paints.spans("s1"), []);
  play(paints, 7_100, "s2", 9);
  assert.equal(reports.length, 4);
});

test("a command that is sent again keeps its first time", () => {
  const { paints, reports } = told();
  paints.left("op-1", 1_000);
  paints.left("op-1", 9_000);
  paints.searched("op-1", "s1");
  play(paints, 9_100);
  assert.equal(reports[0]?.ms, 8_210);
});

test("searches in quick succession are sampled", () => {
  const { paints, reports } = told();
  for (const [number, at] of [1_000, 2_000, 1_000 + REPORT_EVERY_MS].entries()) {
    paints.left(`op-${number}`, at);
    paints.searched(`op-${number}`, `s${number}`);
    play(paints, at, `s${number}`);
    assert.equal(paints.spans(`s${number}`).length, 4);
  }
  assert.deepEqual([...new Set(reports.map((paint) => paint.search_id))], ["s0", "s2"]);
});

test("what came while the page was hidden was not painted when it came", () => {
  const { paints, reports } = told();
  paints.left("op-1", 1_000);
  paints.searched("op-1", "s1");
  paints.heard(event("search_started"), 1_010, false);
  paints.heard(event("matches"), 1_020, false);
  assert.deepEqual(paints.pending, []);
  paints.heard(event("search_ended"), 5_000, true);
  paints.drawn("s1", paints.pending, 5_016);
  assert.deepEqual(
    reports.map((paint) => paint.stage),
    ["all_matches"],
  );
});

test("cars that are matched again later are no first cars", () => {
  const { paints } = told();
  paints.heard(event("search_started"), 0, true);
  paints.heard(event("matches", { chunk: 1_000_000 }), 1, true);
  paints.heard(event("offers", { chunk: 1_000_001 }), 1, true);
  assert.deepEqual(paints.pending, []);
});

test("a frame of an older search says nothing of the newer one", () => {
  const { paints } = told();
  paints.left("op-1", 0);
  paints.searched("op-1", "s2");
  paints.heard(event("search_started", { search_id: "s2" }), 1, true);
  paints.heard(event("matches", { search_id: "s2" }), 2, true);
  assert.equal(paints.drawn("s1", ["first_matches"], 3), false);
  assert.deepEqual(paints.spans("s2"), []);
  assert.equal(paints.drawn("s2", paints.pending, 5), true);
  assert.deepEqual(paints.spans("s2"), [{ name: "paint", of: "first_matches", start_ms: 2, end_ms: 5 }]);
  paints.clear();
  assert.deepEqual(paints.spans("s2"), []);
});
