import assert from "node:assert/strict";
import { test } from "node:test";
import { Facets } from "../../../src/deal/stock/facets/facets";
import { chipText, FACETS, type FacetKey, facetsFor, kindOf, type Wanted } from "../../../src/deal/stock/facets/kinds";
import { linesFor } from "../../../src/deal/stock/facets/lines";
import { filtersOf, filtersText, isFiltered } from "../../../src/deal/stock/facets/shared";
import { Ranking } from "../../../src/deal/stock/order/ranking";
import { type Changed, type Row, RowTable } from "../../../src/deal/stock/rows";
import { formatsFor } from "../../../src/text/format";

const US = formatsFor("en-US");

/** A sequence that looks random, the same for the same seed. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const one = <T>(random: (below: number) => number, values: readonly T[]): T => values[random(values.length)]!;
const MAKES = ["Honda", "Toyota", "Ford"];
const BODIES = ["SUV", "Sedan", ""];

/** Counts a facet's values anew, row by row. */
function recounted(rows: readonly Row[], facets: Facets, words: string, key: FacetKey): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const others = FACETS.filter((kind) => kind.key !== key && facets.chosen[kind.key] !== undefined);
    const fits = others.every(({ key: other, by }) => {
      const wanted = facets.chosen[other]!;
      const value = row[other];
      if (typeof wanted !== "number") return wanted.includes(String(value));
      return value !== null && (by === "most" ? Number(value) <= wanted : Number(value) >= wanted);
    });
    const text = [row.year, row.make, row.model, row.trim, row.body, row.stock_no, row.vin, row.lender ?? ""].join(" ");
    if (!fits || !text.toLowerCase().includes(words)) continue;
    const { by, steps } = kindOf(key);
    const value = row[key];
    if (value === null || value === "") continue;
    const bucket =
      by === "choice" || steps.length === 0
        ? value
        : by === "most"
          ? (steps.find((step) => Number(value) <= step) ?? Number.POSITIVE_INFINITY)
          : ([...steps].reverse().find((step) => Number(value) >= step) ?? Number.NEGATIVE_INFINITY);
    counts[String(bucket)] = (counts[String(bucket)] ?? 0) + 1;
  }
  return counts;
}

const counted = (facets: Facets, key: FacetKey) =>
  Object.fromEntries(facets.counts(key).flatMap(({ value, rows }) => (rows === 0 ? [] : [[String(value), rows]])));

test("counts that are kept up equal a recount after any matches, offers, changes, removals and choices", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = sequence(seed);
    const table = new RowTable();
    const facets = new Facets();
    const ranking = new Ranking({ key: "price_cents", descending: false });
    let words = "";
    let next = 0;
    const admit = (changed: Changed) => {
      facets.admit(table.rows, changed);
      ranking.admit(table.rows, changed, facets);
    };
    const known = () => String(random(Math.max(1, next)));
    const steps: (() => void)[] = [
      () => {
        const count = 1 + random(6);
        const cells = <T>(make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
        const vehicle_id = cells((i) => String(next + i));
        next += count;
        admit(
          table.addMatches(
            {
              vehicle_id,
              rev: cells(() => 1),
              make: cells(() => one(random, MAKES)),
              model: cells(() => one(random, ["A", "B"])),
              body: cells(() => one(random, BODIES)),
              year: cells(() => 2018 + random(5)),
              mileage: cells(() => random(120_000)),
              price_cents: cells(() => 900_000 + random(8_000_000)),
              days_in_stock: cells(() => (random(4) === 0 ? null : random(150))),
            },
            count,
          ),
        );
      },
      () =>
        admit(
          table.addOffers(
            {
              vehicle_id: [known()],
              rev: [1],
              payment_cents: [random(3) === 0 ? null : 20_000 + random(120_000)],
              lender: [one(random, ["Group", "Summit", null])],
            },
            1,
          ),
        ),
      () => {
        const status = random(3) === 0 ? "sold" : "available";
        const event = { vehicle_id: known(), rev: 1 + random(2), status, price_cents: 1_000_000 + random(5_000_000) };
        const { gone, ...changed } = table.change(event as never);
        if (gone === null) return admit(changed);
        ranking.remove(gone);
        return facets.remove(gone);
      },
      () => admit(table.fail([known()])),
      () => {
        const wanted: [FacetKey, Wanted | null][] = [
          ["make", [one(random, MAKES)]],
          ["make", null],
          ["body", [one(random, BODIES), "Sedan"]],
          ["year", 2019 + random(4)],
          ["mileage", one(random, [20_000, 37_500, 80_000])],
          ["lender", ["Summit"]],
          ["lender", []],
          ["age_bucket", ["31–60", "90+"]],
          ["age_bucket", null],
        ];
        const [key, value] = one(random, wanted);
        facets.choose(key, value, table.rows);
        ranking.settle(table.rows, facets);
      },
      () => {
        words = one(random, ["", "ho", "toyota", "2020"]);
        facets.look(words, table.rows);
        ranking.settle(table.rows, facets);
      },
      () => {
        if (random(4) > 0) return;
        facets.free(table.rows);
        ranking.settle(table.rows, facets);
      },
    ];
    for (let step = 0; step < 60; step++) {
      one(random, steps)();
      for (const { key } of FACETS)
        assert.deepEqual(counted(facets, key), recounted(table.rows, facets, words, key), `${seed}.${step} ${key}`);
      const passing = table.rows.flatMap((_, place) => (facets.passes(place) ? [place] : []));
      assert.deepEqual(
        [...ranking.shown].sort((a, b) => a - b),
        passing,
        `${seed}.${step} shown`,
      );
    }
  }
});

function stocked(): { table: RowTable; facets: Facets } {
  const table = new RowTable();
  const facets = new Facets();
  const columns = {
    vehicle_id: ["1", "2", "3", "4"],
    rev: [1, 1, 1, 1],
    make: ["Honda", "Honda", "Toyota", "Ford"],
    year: [2020, 2022, 2022, 2019],
    mileage: [12_000, 45_000, 19_000, 150_000],
    price_cents: [2_000_000, 1_000_000, 3_500_000, 9_900_000],
    days_in_stock: [12, 75, 90, 140],
  };
  facets.admit(table.rows, table.addMatches(columns, 4));
  return { table, facets };
}

const lines = (facets: Facets, key: FacetKey) =>
  linesFor(kindOf(key), facets.counts(key), facets.chosen[key], US).map(({ text, rows }) => [text, rows]);

test("a facet's own counts ignore what is wanted of it, and heed the others", () => {
  const { table, facets } = stocked();
  facets.choose("make", ["Honda"], table.rows);
  assert.deepEqual(lines(facets, "make"), [
    ["Ford", 1],
    ["Honda", 2],
    ["Toyota", 1],
  ]);
  facets.choose("year", 2021, table.rows);
  assert.deepEqual(lines(facets, "make"), [
    ["Ford", 0],
    ["Honda", 1],
    ["Toyota", 1],
  ]);
  assert.deepEqual(lines(facets, "year"), [
    ["2022 or newer", 1],
    ["2020 or newer", 2],
    ["2019 or newer", 2],
  ]);
});

test("limits count every row that they hold, and values of an older search stay in the menu", () => {
  const { table, facets } = stocked();
  const miles = Object.fromEntries(lines(facets, "mileage"));
  assert.deepEqual([miles["≤ 10,000"], miles["≤ 20,000"], miles["≤ 60,000"], miles["≤ 100,000"]], [0, 2, 3, 3]);
  facets.clear();
  assert.deepEqual(lines(facets, "make"), [
    ["Ford", 0],
    ["Honda", 0],
    ["Toyota", 0],
  ]);
  facets.choose("make", ["Tesla"], table.rows);
  assert.deepEqual(lines(facets, "make").at(-1), ["Toyota", 0]);
  assert.ok(
    lines(facets, "make").some(([text]) => text === "Tesla"),
    "what is wanted stays in the list",
  );
});

test("ages are wanted by the trade's buckets, the youngest first in the menu", () => {
  const { table, facets } = stocked();
  facets.choose("age_bucket", ["90+", "0–30"], table.rows);
  assert.deepEqual(lines(facets, "age_bucket"), [
    ["0–30", 1],
    ["61–90", 2],
    ["90+", 1],
  ]);
  assert.deepEqual(
    table.rows.map((_, place) => facets.passes(place)),
    [true, false, false, true],
  );
  assert.equal(chipText(kindOf("age_bucket"), ["61–90", "90+"], US), "Age: 61–90, 90+");
});

test("words are looked for in what a row shows, every one of them", () => {
  const { table, facets } = stocked();
  facets.look("2022 HON", table.rows);
  assert.deepEqual(
    table.rows.map((_, place) => facets.passes(place)),
    [false, true, false, false],
  );
  facets.look("", table.rows);
  assert.equal(facets.narrowed, false);
});

test("stores are a facet only where the group is searched", () => {
  const keys = (scope: "store" | "group") => facetsFor(scope).map(({ key }) => key);
  assert.ok(keys("store").includes("lender"));
  assert.ok(!keys("store").includes("store_id"));
  assert.ok(keys("group").includes("store_id"));
});

test("what is wanted, in words, and as filters of a search", () => {
  assert.equal(chipText(kindOf("make"), ["Honda", "Kia"], US), "Make: Honda, Kia");
  assert.equal(chipText(kindOf("make"), ["Honda", "Kia", "Ford"], US), "Make: 3");
  assert.equal(chipText(kindOf("mileage"), 37_500, US), "Miles ≤ 37,500");
  assert.equal(chipText(kindOf("year"), 2021, US), "2021 or newer");
  assert.equal(chipText(kindOf("price_cents"), 2_500_000, US), "Price ≤ $25,000");
  const filters = filtersOf({ make: ["Honda"], mileage: 40_000, lender: ["Group"] });
  assert.deepEqual([filters.makes, filters.mileage_max, isFiltered(filters)], [["Honda"], 40_000, true]);
  assert.equal(isFiltered(filtersOf({ lender: ["Group"] })), false, "the server does not look for lenders");
  assert.equal(filtersText(filters, US), "Honda, ≤ 40,000 miles");
});
