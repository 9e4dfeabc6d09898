import assert from "node:assert/strict";
import { test } from "node:test";
import { waterfall } from "../../../src/deal/stock/stages";
import type { StageSpan } from "../../../src/wire";

const SPANS: StageSpan[] = [
  { name: "value", start_ms: 30, end_ms: 180, count: 4 },
  { name: "parse", start_ms: 0, end_ms: 2 },
  { name: "push", start_ms: 20, end_ms: 22, of: "first_matches" },
  { name: "push", start_ms: 180, end_ms: 190, of: "all_offers" },
];

test("each stage is a row in the order of the search, on one scale", () => {
  const { rows, whole } = waterfall(SPANS, { value: 420, parse: 2, push: 12 });
  assert.equal(whole, 190);
  assert.deepEqual(
    rows.map((row) => [row.stage, row.place, row.took, row.parts]),
    [
      ["parse", "server", 2, 1],
      ["value", "worker", 420, 4],
      ["push", "screen", 12, 2],
    ],
  );
  const value = rows[1]!.segments[0]!;
  assert.equal(value.left, (100 * 30) / 190);
  assert.equal(value.width, (100 * 150) / 190);
});

test("every segment lies inside the scale, the shortest too", () => {
  const { rows } = waterfall([...SPANS, { name: "screen", start_ms: 190, end_ms: 190 }], {});
  for (const segment of rows.flatMap((row) => row.segments)) {
    assert.ok(
      segment.width > 0 && segment.left >= 0 && segment.left + segment.width <= 100.0001,
      JSON.stringify(segment),
    );
  }
});

test("what this page drew takes the place of what the server knows of it", () => {
  const kept: StageSpan[] = [
    { name: "paint", start_ms: 20, end_ms: 40, of: "first_matches" },
    { name: "paint", start_ms: 190, end_ms: 240, of: "all_offers" },
  ];
  const own: StageSpan[] = [{ name: "paint", start_ms: 22, end_ms: 30, of: "first_matches" }];
  const { milestones, whole, seen } = waterfall([...SPANS, ...kept], {}, own);
  assert.equal(seen, true);
  assert.equal(whole, 240);
  assert.deepEqual(milestones, [
    { label: "First cars", at: 30 },
    { label: "All values", at: 240 },
  ]);
});

test("milestones are those of the sockets if nobody reported a screen", () => {
  assert.equal(waterfall(SPANS, {}).seen, false);
  assert.deepEqual(waterfall(SPANS, {}).milestones, [
    { label: "First cars", at: 22 },
    { label: "All values", at: 190 },
  ]);
});

test("ticks are round, few, and begin at nothing", () => {
  for (const whole of [1.4, 3, 42, 190, 777, 12_345]) {
    const { ticks } = waterfall([{ name: "parse", start_ms: 0, end_ms: whole }], {});
    assert.equal(ticks[0]?.at, 0);
    assert.ok(ticks.length >= 2 && ticks.length <= 6, `${whole}: ${ticks.length}`);
    assert.ok(ticks.every((tick) => tick.left <= 100));
  }
});

test("a stage of a later server is shown under its own name", () => {
  const { rows } = waterfall([...SPANS, { name: "check_twice", start_ms: 1, end_ms: 2 }], {});
  assert.equal(rows.at(-1)?.label, "check twice");
});
