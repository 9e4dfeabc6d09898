// By what a person narrows the rows: the facets, the steps of those that are amounts, and what passes. Pure.
import type { Formats } from "../../../text/format";
import type { Scope } from "../../../wire";
import type { Row } from "../rows";

export type FacetKey =
  | "make"
  | "model"
  | "body"
  | "fuel"
  | "store_id"
  | "lender"
  | "year"
  | "mileage"
  | "price_cents"
  | "payment_cents"
  | "age_bucket";

/** Of a choice, the values that pass; of an amount, the most or the least that passes. */
export type Wanted = readonly string[] | number;
export type Chosen = { readonly [key in FacetKey]?: Wanted };

export interface FacetKind {
  key: FacetKey;
  label: string;
  /** Any of some values, an amount up to a limit, or a year and newer. */
  by: "choice" | "most" | "least";
  /** The limits that the menu offers, ascending; empty: every value that there is. */
  steps: readonly number[];
  /** Offered only if the whole group is searched. */
  grouped: boolean;
  unit: "count" | "money";
}

const MILES = [10_000, 20_000, 30_000, 40_000, 60_000, 80_000, 100_000];
const PRICES = [1_000_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 4_000_000, 5_000_000, 7_500_000];
const PAYMENTS = [30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 100_000, 125_000];

export const FACETS: readonly FacetKind[] = [
  facet("make", "Make", "choice"),
  facet("body", "Body", "choice"),
  facet("year", "Year", "least"),
  facet("mileage", "Miles", "most", { steps: MILES }),
  facet("price_cents", "Price", "most", { steps: PRICES, unit: "money" }),
  facet("model", "Model", "choice"),
  facet("fuel", "Fuel", "choice"),
  facet("payment_cents", "Payment", "most", { steps: PAYMENTS, unit: "money" }),
  facet("age_bucket", "Age", "choice"),
  facet("lender", "Lender", "choice"),
  facet("store_id", "Store", "choice", { grouped: true }),
];

function facet(
  key: FacetKey,
  label: string,
  by: FacetKind["by"],
  rest: Partial<Pick<FacetKind, "steps" | "grouped" | "unit">> = {},
): FacetKind {
  return { key, label, by, steps: [], grouped: false, unit: "count", ...rest };
}

/** The place of each facet: its bit in a mask. */
export const PLACES: ReadonlyMap<FacetKey, number> = new Map(FACETS.map(({ key }, i) => [key, i]));

export function kindOf(key: FacetKey): FacetKind {
  return FACETS[PLACES.get(key)!]!;
}

/** Returns the facets that are offered. */
export function facetsFor(scope: Scope): FacetKind[] {
  return FACETS.filter(({ grouped }) => scope === "group" || !grouped);
}

/** Whether a row passes what is wanted by one facet. A row without the value never does. */
export function passes(row: Row, kind: FacetKind, wanted: Wanted): boolean {
  const value = row[kind.key];
  if (typeof wanted !== "number") return value !== null && wanted.includes(String(value));
  if (typeof value !== "number") return false;
  return kind.by === "most" ? value <= wanted : value >= wanted;
}

/** Returns under which value a row is counted: its own, or the first step that holds it; null if it has none. */
export function bucketOf(row: Row, { key, by, steps }: FacetKind): string | number | null {
  const value = row[key] ?? null;
  if (by === "choice") return value === null || value === "" ? null : String(value);
  if (typeof value !== "number" || steps.length === 0) return value;
  return steps.find((step) => value <= step) ?? Number.POSITIVE_INFINITY;
}

/** "≤ 40,000", "2021 or newer". */
export function limitText({ by, unit }: FacetKind, limit: number, formats: Formats): string {
  if (by === "least") return `${limit} or newer`;
  return `≤ ${unit === "money" ? formats.dollars(limit) : formats.count(limit)}`;
}

/** A facet that narrows the rows, in words for its chip: "Make: Honda, Toyota", "Miles ≤ 40,000". */
export function chipText(kind: FacetKind, wanted: Wanted, formats: Formats): string {
  if (typeof wanted !== "number")
    return wanted.length > 2 ? `${kind.label}: ${wanted.length}` : `${kind.label}: ${wanted.join(", ")}`;
  const limit = limitText(kind, wanted, formats);
  return kind.by === "least" ? limit : `${kind.label} ${limit}`;
}
