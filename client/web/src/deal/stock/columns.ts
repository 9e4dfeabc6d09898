// The columns of the match grid, by view and by the stock that is searched. Hidden fields have no column.

import type { Formats } from "../../text/format";
import { briefLender } from "../../text/readable";
import type { Scope, View } from "../../wire";
import type { Order, SortKey } from "./order/order";
import type { Row } from "./rows";

export interface Column {
  key: SortKey;
  label: string;
  /** What it is in full, for the menu of columns. */
  name: string;
  /** A CSS grid track. */
  track: string;
  /** The smallest width of the track, in pixels at the usual font size. */
  width: number;
  number: boolean;
  /** Known only once the car is valued: a skeleton stands for it until then. */
  valued: boolean;
  /** Shown only if the whole group is searched. */
  grouped: boolean;
  /** Shown unless the person chose otherwise. */
  usual: boolean;
  /** For managers only. */
  managers: boolean;
  text(row: Row, formats: Formats): string;
}

const NOTHING = "–";
const UNKNOWN = "unknown";
/** The value of an offer on a car whose cost nobody knows. */
const INCOMPLETE = "incomplete";

const VALUED = { valued: true, usual: true };
const GROUPED = { grouped: true, usual: true };
const WORDS = { number: false };

/** A column this wide, in pixels, grows as much as the vehicle's: on a large screen figures stay near the car's name. */
const SHARE = 250;

const COLUMNS: Column[] = [
  column("make", "Vehicle", 142, (row) => `${row.year} ${row.make} ${row.model} ${row.trim}`.trim(), {
    track: `minmax(${inRem(142)}, 1fr)`,
    usual: true,
    ...WORDS,
  }),
  column("npv_cents", "NPV", 84, (row, f) => worth(row, row.npv_cents, f.dollars), VALUED),
  column("score", "Score", 64, (row) => worth(row, row.score, scoreText), VALUED),
  column("payment_cents", "PMT", 76, paymentText, { name: "Payment", ...VALUED }),
  column("cash_down_cents", "Cash", 64, "dollars", { name: "Cash down", ...VALUED }),
  column("term_months", "Term", 63, termText, VALUED),
  column("lender", "Lender", 74, (row) => (row.lender === null ? NOTHING : briefLender(row.lender)), {
    track: `minmax(${inRem(74)}, 0.7fr)`,
    ...WORDS,
    ...VALUED,
  }),
  column("mileage", "Miles", 64, "count", { usual: true }),
  column("days_in_stock", "Age", 42, "count", { name: "Age: days in stock", usual: true }),
  column("age_bucket", "Age bucket", 88, "words"),
  column("days_supply", "Supply", 64, "count", { name: "Days' supply" }),
  column("store_id", "Store", 96, "words", GROUPED),
  column("transfer_days", "Transfer days", 104, (row, f) => unlessOwn(row.transfer_days, f.count), GROUPED),
  column("transfer_cost_cents", "Transfer", 78, (row, f) => unlessOwn(row.transfer_cost_cents, f.dollars), {
    name: "Transfer cost",
    managers: true,
    ...GROUPED,
  }),
  column("price_cents", "Price", 78, "dollars"),
  column("rate_bp", "Rate", 66, "percent", { valued: true }),
  column("discount_cents", "Discount", 80, "dollars", { valued: true }),
  column("stress_npv_cents", "Stress NPV", 96, (row, f) => worth(row, row.stress_npv_cents, f.dollars), {
    managers: true,
    valued: true,
  }),
  column("tradeoffs", "Trade-offs", 92, "count", { name: "Best trade-offs", valued: true }),
  column("cost_cents", "Cost", 78, (row, f) => (row.cost_cents === null ? UNKNOWN : f.dollars(row.cost_cents)), {
    managers: true,
  }),
  column("floorplan_cents", "Floorplan", 84, "dollars", { name: "Floorplan to date", managers: true }),
  column("stock_no", "Stock", 88, "words", { name: "Stock number" }),
  column("trim", "Trim", 96, "words"),
  column("body", "Body", 80, "words"),
  column("fuel", "Fuel", 80, "words"),
];

/** The text of a cell, or how the value of the column's own field is written: nothing known is a dash. */
type Shown = Column["text"] | "count" | "dollars" | "percent" | "words";

function column(
  key: SortKey,
  label: string,
  width: number,
  shown: Shown,
  rest: Partial<Pick<Column, "name" | "track" | "number" | "valued" | "grouped" | "managers" | "usual">> = {},
): Column {
  const track = `minmax(${inRem(width)}, ${width / SHARE}fr)`;
  const plain = {
    name: label,
    track,
    number: shown !== "words",
    valued: false,
    grouped: false,
    managers: false,
    usual: false,
  };
  return { key, label, width, text: textOf(key, shown), ...plain, ...rest };
}

function textOf(key: SortKey, shown: Shown): Column["text"] {
  if (typeof shown === "function") return shown;
  if (shown === "words") return (row) => String(row[key] || NOTHING);
  return (row, formats) => maybe(row[key] as number | null, formats[shown]);
}

/** Returns what a deal is worth on the scale that the store shows instead of an amount. */
export function scoreText(score: number | null | undefined): string {
  return score == null ? NOTHING : `${score} of 5`;
}

function maybe(value: number | null, format: (value: number) => string): string {
  return value === null ? NOTHING : format(value);
}

/** Returns the value of an offer: a car whose cost is unknown has an offer and no value. Those of cash and leases are the desk's. */
function worth(row: Row, value: number | null, format: (value: number) => string): string {
  return value === null && row.value === "offer" && (row.kind ?? "finance") === "finance"
    ? INCOMPLETE
    : maybe(value, format);
}

/** Returns the payment; of a cash offer the price out the door, in whole dollars. */
function paymentText(row: Row, formats: Formats): string {
  const { payment_cents: payment, out_the_door_cents: outTheDoor } = row;
  return outTheDoor === null ? maybe(payment, formats.cents) : formats.dollars(outTheDoor);
}

/** Returns the term, or how an offer is paid that is no loan. */
function termText(row: Row, formats: Formats): string {
  if (row.kind === "cash") return "cash";
  return `${maybe(row.term_months, formats.count)}${row.kind === "lease" ? " lease" : ""}`;
}

/** Transfers are 0 for the store's own cars: their cells stay empty, so that the others stand out. */
function unlessOwn(value: number | null, format: (value: number) => string): string {
  return maybe(value || null, format);
}

/** Returns a width in pixels at the usual font size as CSS that follows the person's. */
export function inRem(pixels: number): string {
  return `${pixels / 16}rem`;
}

/** Returns the columns that there are, whether the person shows them or not. */
export function columnsFor(view: View, scope: Scope, scores: boolean): Column[] {
  const absent = worthOf(view, scores) === "score" ? "npv_cents" : "score";
  return COLUMNS.filter(
    ({ key, managers, grouped }) =>
      key !== absent && (view === "manager" || !managers) && (scope === "group" || !grouped),
  );
}

/** Returns the column of a deal's value: the store may hide NPVs from its salespeople. */
function worthOf(view: View, scores: boolean): SortKey {
  return view === "sales" && scores ? "score" : "npv_cents";
}

/** Returns the order a view begins with: the best value on top. */
export function firstOrder(view: View, scores: boolean): Order {
  return { key: worthOf(view, scores), descending: true };
}

/** What is best, or what matters first, at its greatest. */
const MOST_FIRST: ReadonlySet<SortKey> = new Set([
  "npv_cents",
  "stress_npv_cents",
  "score",
  "year",
  "days_in_stock",
  "age_bucket",
  "days_supply",
  "floorplan_cents",
  "tradeoffs",
]);

/** Returns the order after a click on a column: the other direction, or the one in which that column is best first. */
export function nextOrder(current: Order, key: SortKey): Order {
  if (current.key === key) return { key, descending: !current.descending };
  return { key, descending: MOST_FIRST.has(key) };
}
