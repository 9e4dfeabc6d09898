import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, type DealModel } from "../../../src/deal/model/state";
import { lostText } from "../../../src/deal/stock/best";
import { Grid } from "../../../src/deal/stock/grid";
import type { AnyEvent } from "../../../src/wire";

const by = { id: "u", name: "Sam", role: "salesperson" } as const;
const filters = {} as never;
let seq = 0;
const event = (fields: Record<string, unknown>) =>
  ({ channel: "deal:1", seq: ++seq, at: "2026-01-01T00:00:01Z", ...fields }) as unknown as AnyEvent;
const started = (id: string) =>
  event({ type: "search_started", search_id: id, deal_version: 1, estimate: 9, filters, sort: "price", by });
const matches = (id: string, ids: string[]) =>
  event({
    type: "matches",
    search_id: id,
    chunk: 0,
    rows: ids.length,
    columns: { vehicle_id: ids, rev: ids.map(() => 1), price_cents: ids.map((_, i) => i) },
  });
const offers = (id: string, ids: string[], npv: number[]) =>
  event({
    type: "offers",
    search_id: id,
    chunk: 0,
    rows: ids.length,
    columns: { vehicle_id: ids, rev: ids.map(() => 1), payment_cents: npv, npv_cents: npv },
  });
const ended = (id: string, matched: number) =>
  event({ type: "search_ended", search_id: id, reason: "complete", scanned: 9, matched, chunks: 1, next: null });
const shown = (grid: Grid) => grid.picture.value.shown.map((place) => grid.picture.value.rows[place]!.vehicle_id);

function play(grid: Grid, ...events: AnyEvent[]): void {
  for (const each of events) grid.follow(each);
  grid.publish(events.some((each) => each.type === "search_valued"));
}

test("the older search's rows stay, marked as stale, until the newer one has its first", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2"]), started("b"));
  assert.equal(grid.picture.value.stale, true);
  assert.deepEqual(shown(grid), ["1", "2"]);
  play(grid, matches("a", ["3"]));
  assert.deepEqual(shown(grid), ["1", "2"], "rows of a superseded search are dropped");
  play(grid, matches("b", ["9"]));
  assert.equal(grid.picture.value.stale, false);
  assert.deepEqual(shown(grid), ["9"]);
});

test("a newer search that finds nothing empties the grid at its end", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1"]), started("b"), ended("b", 0));
  assert.deepEqual(shown(grid), []);
  assert.equal(grid.picture.value.stale, false);
});

test("when all of a new search is valued the best come on top, once, also where somebody is in the grid", () => {
  const valued = event({ type: "search_valued", search_id: "a", offers: 2, failed: 0 });
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2"]), offers("a", ["1", "2"], [5, 9]));
  assert.deepEqual(shown(grid), ["1", "2"]);
  assert.equal(grid.picture.value.better, 2);
  play(grid, valued);
  assert.deepEqual(shown(grid), ["2", "1"]);

  const busy = new Grid("sales");
  busy.engaged.value = true;
  play(busy, started("a"), matches("a", ["1", "2"]), offers("a", ["1", "2"], [5, 9]), valued);
  assert.deepEqual(shown(busy), ["2", "1"]);
  play(busy, offers("a", ["1"], [99]), valued);
  assert.deepEqual(shown(busy), ["2", "1"], "the rows of the same search keep their order");
  assert.equal(busy.picture.value.better, 1);
  busy.settle();
  assert.deepEqual(shown(busy), ["1", "2"]);
});

test("a claim on a car is not a better offer", () => {
  const valued = event({ type: "search_valued", search_id: "a", offers: 2, failed: 0 });
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2"]), offers("a", ["1", "2"], [5, 9]), ended("a", 2), valued);
  const wanted = [{ deal_id: "9", store_id: "riverside", who: "Ann" }];
  const claim = { vehicle_id: "2", rev: 1, status: "available", price_cents: 1, wanted_by: wanted };
  play(grid, event({ type: "vehicle_changed", ...claim }));
  assert.notEqual(grid.row("2")?.claim, null);
  assert.equal(grid.picture.value.better, 0);
  assert.deepEqual(shown(grid), ["2", "1"]);
});

const MODEL: DealModel = {
  deal: {
    id: "1",
    version: 4,
    state: "working",
    customer: { id: "c", name: "Dana" },
    structure: { cash_down_cents: 1 },
    selected: null,
    pins: [],
    fulfilment: null,
  },
  search: null,
  timeline: [],
  oldest: null,
  more: false,
  fallen: null,
  since: null,
  cars: new Map(),
};
const follow = (model: DealModel, each: AnyEvent) => apply(model, each);

test("an edit changes the deal once and stands in the timeline with its old value", () => {
  const edit = event({ type: "deal_changed", version: 5, changes: { cash_down_cents: 2 }, by });
  const after = apply(MODEL, edit);
  assert.equal(after.deal.structure.cash_down_cents, 2);
  assert.deepEqual(after.timeline[0]?.changes, [{ field: "cash_down_cents", label: "Cash down", before: 1, after: 2 }]);
  assert.equal(apply(after, edit), after);
});

test("progress follows the latest search only, through its end, more matches and all values", () => {
  let model = [started("a"), started("b"), ended("a", 3)].reduce(follow, MODEL);
  assert.equal(model.search?.search_id, "b");
  assert.equal(model.search?.reason, null);
  model = [matches("b", ["1"]), ended("b", 1)].reduce(follow, model);
  assert.equal(model.search?.reason, "complete");
  assert.equal(model.search?.valued, false);
  model = apply(model, event({ type: "search_valued", search_id: "b", offers: 1, failed: 0 }));
  assert.equal(model.search?.valued, true);
  model = apply(model, matches("b", ["2"]));
  assert.equal(model.search?.reason, null, "somebody asked for more");
  assert.equal(model.search?.valued, false);
});

test("a car that is matched again at another price makes the search no running one", () => {
  const done = [
    started("a"),
    matches("a", ["1"]),
    ended("a", 1),
    event({ type: "search_valued", search_id: "a", offers: 1, failed: 0 }),
  ];
  const model = done.reduce(follow, MODEL);
  const again = event({
    type: "matches",
    search_id: "a",
    chunk: 1_000_000,
    rows: 1,
    columns: { vehicle_id: ["1"], rev: [2], price_cents: [9] },
  });
  assert.equal(apply(model, again).search?.valued, true);
  const grid = new Grid("sales");
  play(grid, ...done.slice(0, 2), offers("a", ["1"], [5]), ...done.slice(2));
  const changed = { type: "vehicle_changed", vehicle_id: "1", status: "available", wanted_by: [] };
  play(grid, event({ ...changed, rev: 2, price_cents: 9 }));
  assert.equal(grid.row("1")?.value, "pending");
  assert.equal(grid.row("1")?.price_cents, 9);
  play(grid, offers("a", ["1"], [6]));
  assert.equal(grid.row("1")?.value, "pending", "an offer of the old price");
  const priced = { vehicle_id: ["1"], rev: [2], payment_cents: [7], npv_cents: [7] };
  play(grid, again, event({ type: "offers", search_id: "a", chunk: 1_000_000, rows: 1, columns: priced }));
  assert.equal(grid.row("1")?.npv_cents, 7);
});

test("a sold car leaves the screen, also when it is chosen, and is named; the others keep their places", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2", "3"]), offers("a", ["1", "2", "3"], [5, 9, 7]), ended("a", 3));
  grid.settle();
  assert.deepEqual(shown(grid), ["2", "3", "1"]);
  grid.select("3");
  const gone = { type: "vehicle_changed", rev: 1, price_cents: 1, wanted_by: [] };
  play(grid, event({ ...gone, vehicle_id: "3", status: "sold" }), event({ ...gone, vehicle_id: "77", status: "sold" }));
  assert.deepEqual(shown(grid), ["2", "1"]);
  assert.equal(grid.picture.value.matched, 2);
  assert.equal(grid.picture.value.settled, 2);
  assert.equal(grid.lost.value?.row.vehicle_id, "3");
  play(grid, offers("a", ["3"], [8]), event({ ...gone, vehicle_id: "1", status: "removed" }));
  assert.deepEqual(shown(grid), ["2"]);
  grid.select("2");
  assert.equal(grid.lost.value, null);
});

test("a car that was found and chosen leaves the panel when it is sold, whether the search has it or not", () => {
  for (const searched of ["7", "8"]) {
    const stock = new Grid("sales");
    play(stock, started("b"), matches("b", ["7"]));
    const grid = new Grid("sales");
    play(grid, started("a"), matches("a", [searched]));
    grid.visit({ ...stock.row("7")!, year: 2023, make: "Lexus", model: "RX" });
    const sold = { type: "vehicle_changed", vehicle_id: "7", price_cents: 1, wanted_by: [], status: "sold" };
    play(grid, event({ ...sold, rev: 0 }));
    assert.notEqual(grid.row("7"), undefined, "an older change");
    play(grid, event({ ...sold, rev: 1 }));
    assert.equal(grid.row("7"), undefined);
    assert.match(lostText(grid.lost.value!), / was sold\. Choose another car\.$/);
    grid.select("8");
    assert.equal(grid.lost.value, null);
  }
});

test("every car is shown again, whether words or facets left all of them out", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2"]));
  grid.choose("price_cents", -1);
  grid.filter("nothing");
  assert.deepEqual(shown(grid), []);
  grid.showAll();
  assert.deepEqual(shown(grid), ["1", "2"]);
  assert.deepEqual([grid.filterText, grid.picture.value.chosen], ["", {}]);
});

test("who holds a car and who wants it stands at its row, and goes with it into the next price", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1"]));
  const claim = {
    type: "vehicle_changed",
    vehicle_id: "1",
    status: "held",
    price_cents: 1,
    held_by: "Ann",
    held_until: "2026-01-01T00:30:00Z",
    held_here: false,
  };
  play(grid, event({ ...claim, rev: 1, wanted_by: [{ by: "Ann", deal_id: "9" }] }));
  assert.equal(grid.row("1")?.claim?.heldBy, "Ann");
  play(
    grid,
    event({
      type: "matches",
      search_id: "a",
      chunk: 1_000_000,
      rows: 1,
      columns: { vehicle_id: ["1"], rev: [2], price_cents: [3] },
    }),
  );
  assert.equal(grid.row("1")?.claim?.wanted.length, 1);
  play(grid, event({ ...claim, rev: 2, status: "available", held_by: null, held_until: null, wanted_by: [] }));
  assert.equal(grid.row("1")?.claim, null);
});

test("a search without matches needs no values", () => {
  const model = [started("a"), ended("a", 0)].reduce(follow, MODEL);
  assert.equal(model.search?.valued, true);
});

test("another payment target orders the cars at once, unless somebody is in the grid", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2", "3"]), offers("a", ["1", "2", "3"], [5, 9, 7]));
  grid.sortBy({ key: "npv_cents", descending: false });
  assert.deepEqual(shown(grid), ["1", "3", "2"]);
  grid.target(6);
  play(grid);
  assert.deepEqual(shown(grid), ["3", "2", "1"]);
  assert.equal(grid.picture.value.leastPayment, 6);

  grid.engaged.value = true;
  grid.target(0);
  play(grid);
  assert.deepEqual(shown(grid), ["3", "2", "1"]);
  assert.equal(grid.picture.value.leastPayment, 0);
  grid.settle();
  assert.deepEqual(shown(grid), ["1", "3", "2"]);
});

test("while a search is valued its rows are ranked as their offers double, unless somebody is in the grid", () => {
  const cars = Array.from({ length: 64 }, (_, i) => String(i));
  const worth = cars.map((_, i) => i);
  for (const engaged of [false, true]) {
    const grid = new Grid("sales");
    grid.engaged.value = engaged;
    play(grid, started("a"), matches("a", cars), offers("a", cars.slice(0, 40), worth.slice(0, 40)));
    assert.equal(shown(grid)[0], engaged ? "0" : "39");
    play(grid, offers("a", cars.slice(40, 60), worth.slice(40, 60)));
    assert.equal(shown(grid)[0], engaged ? "0" : "39", "not yet twice as many");
  }
});

test("a car of the stock that the search does not have is shown when it is chosen, until the search has it", () => {
  const stranger = new Grid("sales");
  play(stranger, started("b"), matches("b", ["7"]), offers("b", ["7"], [5]));
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1"]));
  grid.visit({ ...stranger.row("7")!, payment_cents: null });
  assert.equal(grid.selected.value, "7");
  assert.equal(grid.row("7")?.payment_cents, null);
  assert.equal(grid.row("8"), undefined);
  assert.deepEqual(shown(grid), ["1"]);
  play(grid, matches("a", ["7"]), offers("a", ["7"], [9]));
  assert.equal(grid.row("7")?.payment_cents, 9);
});

test("a car that could not be valued is pending again when it is retried, and its offer counts", () => {
  const grid = new Grid("sales");
  const failed = event({ type: "value_failed", search_id: "a", vehicle_id: ["1", "2"], message: "no" });
  play(grid, started("a"), matches("a", ["1", "2", "3"]), failed);
  assert.deepEqual([grid.failures, grid.picture.value.failed, grid.picture.value.settled], [["1", "2"], 2, 2]);
  grid.revive(["1", "3", "77"]);
  assert.deepEqual([grid.failures, grid.row("1")?.value, grid.picture.value.settled], [["2"], "pending", 1]);
  play(grid, offers("a", ["1"], [4]));
  assert.equal(grid.row("1")?.npv_cents, 4);
});

test("what a person wants of a facet holds for the next search, and lets a car in once its offer passes", () => {
  const grid = new Grid("sales");
  play(grid, started("a"), matches("a", ["1", "2"]));
  grid.choose("payment_cents", 5);
  assert.deepEqual(shown(grid), []);
  play(grid, offers("a", ["1", "2"], [4, 9]));
  assert.deepEqual(shown(grid), ["1"]);
  play(grid, started("b"), matches("b", ["1", "2", "3"]), offers("b", ["3", "2"], [5, 6]));
  assert.deepEqual(shown(grid), ["3"]);
  grid.chooseAny();
  assert.equal(shown(grid).length, 3);
  assert.equal(grid.placeOnScreen("3", 0), shown(grid).indexOf("3"));
  assert.equal(grid.placeOnScreen("9", 0), -1);
});

test("ranks under stress are reckoned again only if offers came since", () => {
  const grid = new Grid("manager");
  play(grid, started("a"), matches("a", ["1", "2"]), offers("a", ["1", "2"], [5, 9]));
  grid.settle();
  const { ranks } = grid.picture.value;
  grid.sortBy({ key: "price_cents", descending: false });
  assert.equal(grid.picture.value.ranks, ranks);
  play(grid, offers("a", ["1"], [50]));
  grid.settle();
  assert.notEqual(grid.picture.value.ranks, ranks);
});
