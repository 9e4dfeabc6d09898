import assert from "node:assert/strict";
import { test } from "node:test";
import { Grid } from "../../../src/deal/stock/grid";
import { RowTable } from "../../../src/deal/stock/rows";
import { rankText, StressRanks } from "../../../src/deal/stock/turnover";
import { formatsFor } from "../../../src/text/format";
import type { AnyEvent } from "../../../src/wire";

const US = formatsFor("en-US");

/** Returns the rank of each row. */
function stressRanks(rows: ReturnType<typeof rowsOf>) {
  const ranks = new StressRanks(rows);
  return rows.map((_, place) => ranks.at(place));
}

/** Returns rows with these pairs of NPV and NPV under stress. */
function rowsOf(pairs: (readonly [number | null, number | null])[]) {
  const table = new RowTable();
  const vehicle_id = pairs.map((_, i) => String(i));
  const columns = {
    vehicle_id,
    rev: pairs.map(() => 1),
    valued: pairs.map(() => true),
    payment_cents: pairs.map(([npv]) => npv),
  };
  table.addSnapshot(
    { ...columns, npv_cents: pairs.map(([npv]) => npv), stress_npv_cents: pairs.map(([, stress]) => stress) },
    pairs.length,
  );
  return table.rows;
}

test("a car that keeps its place turns over nothing", () => {
  const ranks = stressRanks(
    rowsOf([
      [90, 50],
      [80, 40],
      [70, 30],
    ]),
  );
  assert.deepEqual(
    ranks.map((rank) => [rank?.place, rank?.stressed, rank?.turns]),
    [
      [1, 1, null],
      [2, 2, null],
      [3, 3, null],
    ],
  );
});

test("who leaves the first ten falls, who takes the place rises", () => {
  const pairs = Array.from({ length: 40 }, (_, i) => [1000 - i, 1000 - i] as const);
  const swapped = pairs.map((pair, i) => (i === 9 ? ([991, 989.5] as const) : pair));
  const ranks = stressRanks(rowsOf(swapped));
  assert.deepEqual(
    ranks.flatMap((rank, i) => (rank?.turns ? [[i, rank.place, rank.stressed, rank.turns]] : [])),
    [
      [9, 10, 11, "falls"],
      [10, 11, 10, "rises"],
    ],
  );
});

test("elsewhere a tenth of all offers counts, and never less than three places", () => {
  const move = (offers: number, from: number, to: number) => {
    const pairs = Array.from({ length: offers }, (_, i) => [offers - i, offers - i] as [number, number]);
    pairs[from - 1]![1] = offers - to + 0.5;
    const rank = stressRanks(rowsOf(pairs))[from - 1]!;
    assert.equal(rank.stressed, to);
    return rank.turns;
  };
  assert.equal(move(200, 50, 69), null);
  assert.equal(move(200, 50, 70), "falls");
  assert.equal(move(5, 1, 3), null);
  assert.equal(move(5, 1, 4), "falls");
});

test("offers of equal value share the better place, and rows without an offer have none", () => {
  const ranks = stressRanks(
    rowsOf([
      [50, 9],
      [null, null],
      [50, 9],
      [40, 9],
      [30, null],
    ]),
  );
  assert.deepEqual(
    ranks.map((rank) => rank && [rank.place, rank.stressed, rank.offers]),
    [[1, 1, 3], null, [1, 1, 3], [3, 1, 3], null],
  );
});

test("a rank is told in words", () => {
  assert.equal(
    rankText({ offers: 1340, place: 12, stressed: 41, turns: "falls" }, US),
    "12th of 1,340, 41st under stress",
  );
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 22, 103, 111].map(US.ordinal), [
    "1st",
    "2nd",
    "3rd",
    "4th",
    "11th",
    "12th",
    "13th",
    "22nd",
    "103rd",
    "111th",
  ]);
});

test("the offers are ranked when all are valued, also under somebody's hands, and not with each message", () => {
  const grid = new Grid("sales");
  grid.engaged.value = true;
  let seq = 0;
  const follow = (fields: Record<string, unknown>) =>
    grid.follow({ channel: "deal:1", seq: ++seq, at: "t", search_id: "a", ...fields } as unknown as AnyEvent);
  const ids = ["1", "2", "3", "4", "5"];
  const columns = { vehicle_id: ids, rev: ids.map(() => 1) };
  const values = { payment_cents: [1, 1, 1, 1, 1], npv_cents: [5, 4, 3, 2, 1], stress_npv_cents: [1, 5, 4, 3, 0] };
  follow({ type: "search_started" });
  follow({ type: "matches", chunk: 0, rows: 5, columns });
  follow({ type: "offers", chunk: 0, rows: 5, columns: { ...columns, ...values } });
  grid.publish(false);
  assert.equal(grid.picture.value.turned, 0);
  assert.equal(grid.rank("1"), null);
  follow({ type: "search_valued", offers: 5, failed: 0 });
  grid.publish(true);
  assert.equal(grid.picture.value.turned, 1);
  assert.deepEqual(grid.rank("1"), { offers: 5, place: 1, stressed: 4, turns: "falls" });
  follow({ type: "search_started", search_id: "b" });
  follow({ type: "matches", search_id: "b", chunk: 0, rows: 1, columns });
  assert.equal(grid.rank("1"), null, "the rank of an older search is none");
});

test("twenty thousand offers are ranked as they would be one by one", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647);
  const rows = rowsOf(Array.from({ length: 20_000 }, () => [random() % 5_000, random() % 5_000] as const));
  const ranks = stressRanks(rows);
  for (const i of [0, 77, 19_999]) {
    const above = rows.filter((row) => row.npv_cents! > rows[i]!.npv_cents!).length;
    const aboveStressed = rows.filter((row) => row.stress_npv_cents! > rows[i]!.stress_npv_cents!).length;
    assert.deepEqual([ranks[i]?.place, ranks[i]?.stressed], [above + 1, aboveStressed + 1]);
  }
});
