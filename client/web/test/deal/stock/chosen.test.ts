import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arranged,
  moved,
  readChosen,
  toggled,
  usual,
  writeChosen,
} from "../../../src/deal/stock/chosen/chosen-columns";
import { comparison, ofOffer, ofRow } from "../../../src/deal/stock/chosen/compare";
import { type Cell, destination } from "../../../src/deal/stock/chosen/cursor";
import { Marks } from "../../../src/deal/stock/chosen/marks";
import { keptCars } from "../../../src/deal/stock/chosen/pins";
import { columnsFor } from "../../../src/deal/stock/columns";
import { RowTable } from "../../../src/deal/stock/rows";
import { formatsFor } from "../../../src/text/format";
import type { DealOffer } from "../../../src/wire";

const US = formatsFor("en-US");
const OWN = columnsFor("manager", "store", false);
const GROUP = columnsFor("manager", "group", false);
const keys = (columns: readonly { key: string }[]) => columns.map((column) => column.key);

test("by default the eight columns that people use, the car first", () => {
  assert.deepEqual(
    arranged(OWN, null).map((column) => column.label),
    ["Vehicle", "NPV", "PMT", "Cash", "Term", "Lender", "Miles", "Age"],
  );
});

test("columns are hidden, shown at the end and moved; the car's name stays first", () => {
  const first = usual(GROUP);
  assert.deepEqual(toggled(first, "make"), first);
  const more = toggled(toggled(first, "lender"), "stock_no");
  assert.deepEqual(keys(arranged(OWN, more)).at(-1), "stock_no");
  assert.ok(!keys(arranged(OWN, more)).includes("lender"));
  const shown = new Set(arranged(OWN, more).map((column) => column.key));
  // The group's columns are between the two, and are not shown: the move passes them.
  const before = moved(more, "stock_no", -1, shown);
  assert.deepEqual(keys(arranged(OWN, before)).slice(-2), ["stock_no", "days_in_stock"]);
  assert.deepEqual(moved(before, "npv_cents", -1, shown), before, "nothing goes before the car's name");
  assert.deepEqual(keys(arranged(OWN, ["price_cents", "make"])), ["make", "price_cents"]);
});

test("what is kept comes back; anything else is ignored", () => {
  const chosen = ["make", "price_cents", "npv_cents"] as const;
  assert.deepEqual(readChosen(writeChosen(chosen), GROUP), chosen);
  const bad = [null, "", "{", "7", "null", "[]", '{"v":0,"columns":["make"]}', '{"v":1}', '{"v":1,"columns":"make"}'];
  for (const text of bad) assert.equal(readChosen(text, GROUP), null, String(text));
  const strange = '{"v":1,"columns":["price_cents","price_cents","lies",7,{"a":1}]}';
  assert.deepEqual(readChosen(strange, GROUP), ["price_cents"]);
});

test("keys lead through the cells, the head above the first row", () => {
  const extent = { rows: 100, columns: 8, page: 20 };
  const go = (key: string, row: number, column: number, ctrlKey = false) => {
    const to: Cell | null = destination({ key, ctrlKey }, { row, column }, extent);
    return to && [to.row, to.column];
  };
  assert.deepEqual(go("ArrowDown", 3, 2), [4, 2]);
  assert.deepEqual(go("ArrowUp", 0, 2), [-1, 2]);
  assert.deepEqual(go("ArrowUp", -1, 2), [-1, 2]);
  assert.deepEqual(go("ArrowDown", -1, 2), [0, 2]);
  assert.deepEqual(go("ArrowDown", 99, 2), [99, 2]);
  assert.deepEqual(go("ArrowRight", 3, 7), [3, 7]);
  assert.deepEqual(go("ArrowLeft", 3, 1), [3, 0]);
  assert.deepEqual(
    [go("Home", 3, 5), go("End", 3, 5)],
    [
      [3, 0],
      [3, 7],
    ],
  );
  assert.deepEqual(
    [go("Home", 3, 5, true), go("End", 3, 5, true)],
    [
      [0, 0],
      [99, 7],
    ],
  );
  assert.deepEqual(
    [go("PageDown", 90, 1), go("PageUp", 5, 1)],
    [
      [99, 1],
      [0, 1],
    ],
  );
  assert.equal(go("x", 3, 3), null);
  const none = { rows: 0, columns: 8, page: 20 };
  assert.deepEqual(destination({ key: "ArrowDown", ctrlKey: false }, { row: -1, column: 1 }, none), {
    row: -1,
    column: 1,
  });
  assert.deepEqual(destination({ key: "PageUp", ctrlKey: false }, { row: -1, column: 1 }, none), {
    row: -1,
    column: 1,
  });
});

test("two marked cars are compared, three at most; one that is marked again is let go, or shows them", () => {
  const marks = new Marks();
  marks.press("1");
  assert.equal(marks.open.value, false);
  marks.press("1");
  assert.equal(marks.has("1"), false);
  marks.press("1");
  marks.press("2");
  assert.equal(marks.open.value, true);
  marks.open.value = false;
  marks.press("2");
  assert.deepEqual([marks.open.value, marks.marked.value.length], [true, 2]);
  marks.press("3");
  marks.press("4");
  assert.deepEqual(
    marks.marked.value.map((mark) => mark.vehicleId),
    ["1", "2", "3"],
  );
  marks.remove("1");
  marks.remove("2");
  assert.equal(marks.open.value, false);
  marks.compare(["3", "7", "8", "9"]);
  assert.deepEqual(
    marks.marked.value.map((mark) => [mark.vehicleId, mark.pinned]),
    [
      ["3", false],
      ["7", true],
      ["8", true],
    ],
  );
  marks.clear();
  assert.deepEqual([marks.enough(["1"]), marks.enough(["1", "2"])], [false, true]);
});

const car = { vin: "V", stock_no: "U1", year: 2022, make: "Kia", model: "Soul", trim: "LX", mileage: 9_000 };
const offer = (id: string, more: Partial<DealOffer> = {}) =>
  ({
    vehicle_id: id,
    car,
    changes: { cash_down_cents: 5 },
    price_cents: 1_900_000,
    payment_cents: 41_000,
    term_months: 60,
    rate_bp: 900,
    cash_down_cents: 200_000,
    total_of_payments_cents: 2_460_100,
    npv_cents: 300_000,
    lender: "Group",
    asked_programme_id: "p",
    ...more,
  }) as DealOffer;

test("the deal's car stands before the pinned ones, once", () => {
  const kept = keptCars({ selected: offer("2"), pins: [offer("1"), offer("2")] });
  assert.deepEqual(
    kept.map((each) => [each.offer.vehicle_id, each.selected, each.pinned]),
    [
      ["2", true, true],
      ["1", false, true],
    ],
  );
});

test("the comparison marks where cars differ and which is best, and hides what is internal", () => {
  const table = new RowTable();
  table.addSnapshot(
    {
      vehicle_id: ["9"],
      rev: [1],
      year: [2022],
      make: ["Kia"],
      model: ["Niro"],
      trim: ["EX"],
      mileage: [30_000],
      price_cents: [2_200_000],
      days_in_stock: [12],
      stock_no: ["U9"],
      payment_cents: [39_000],
      term_months: [60],
      cash_down_cents: [200_000],
      rate_bp: [900],
      lender: ["Summit"],
      npv_cents: [410_000],
      kind: ["finance"],
      valued: [true],
    },
    1,
  );
  const cars = [ofOffer(offer("1"), undefined), ofRow(table.rows[0]!, null)];
  const lines = new Map(comparison(cars, US).map((line) => [line.label, line]));
  const cells = (label: string) => lines.get(label)!.cells.map(({ text, best }) => [text, best]);
  assert.deepEqual(cells("Payment"), [
    ["$410.00", false],
    ["$390.00", true],
  ]);
  assert.deepEqual(cells("NPV"), [
    ["$3,000", false],
    ["$4,100", true],
  ]);
  assert.deepEqual(
    cells("Total"),
    [
      ["$24,601.00", true],
      ["–", false],
    ],
    "a total that is not told yet is no total",
  );
  assert.deepEqual(
    [lines.get("Term")!.differs, lines.get("Lender")!.differs, lines.get("Year")!.differs],
    [false, true, false],
  );
  assert.ok(
    lines.get("Cash down")!.cells.every((cell) => !cell.best),
    "nobody is best where all are alike",
  );
  assert.ok(!lines.has("Score"));
  assert.deepEqual(
    cars.map((each) => each.select),
    [
      { changes: { cash_down_cents: 5 }, programme_id: "p" },
      { changes: {}, programme_id: null },
    ],
  );
});
