// The scenarios of a deal side by side: what each column shows, and where it differs from the deal's own. Pure.
import type { DealKind, DealOffer, Reason, Scenario } from "../../wire";
import { carText } from "../model/figures";
import type { Deal } from "../model/fold";

/** The most scenarios of a deal. */
export const MOST_SCENARIOS = 6;

export interface Figures {
  kind: DealKind;
  /** The payment each month; of a cash deal the price out the door. */
  paidCents: number;
  termMonths: number | null;
  cashDownCents: number | null;
  discountCents: number;
  rateBp: number | null;
  lender: string | null;
  totalCents: number;
  /** Absent where the view hides it, or where no value is known. */
  npvCents: number | null;
  score: number | null;
}

export interface Column {
  /** The scenario; null for the deal itself. */
  scenario: Scenario | null;
  name: string;
  car: string | null;
  vehicleId: string | null;
  /** Null where nothing is priced. */
  figures: Figures | null;
  kind: DealKind;
  /** Why the figures may be others today. */
  outdated: Reason | "terms_changed" | null;
  /** How far the payment lies above the target that the structure states; 0 within it. */
  overCents: number;
}

/** Returns the deal and its scenarios as columns, the deal first. */
export function columnsOf(deal: Deal): Column[] {
  return [ofDeal(deal), ...(deal.scenarios ?? []).map(ofScenario)];
}

function ofDeal(deal: Deal): Column {
  const outdated = deal.selected && deal.selected_outdated ? "terms_changed" : null;
  return column(null, "The deal", deal.selected, deal.structure, outdated);
}

function ofScenario(scenario: Scenario): Column {
  return column(scenario, scenario.name, scenario.offer, scenario.structure, scenario.outdated);
}

function column(
  scenario: Scenario | null,
  name: string,
  offer: DealOffer | null,
  structure: Record<string, unknown>,
  outdated: Column["outdated"],
): Column {
  const figures = offer && figuresOf(offer);
  const most = structure.payment_max_cents;
  const over = figures && figures.kind !== "cash" && typeof most === "number" ? figures.paidCents - most : 0;
  return {
    scenario,
    name,
    car: offer && carText(offer),
    vehicleId: offer?.vehicle_id ?? scenario?.vehicle_id ?? null,
    figures,
    kind: figures?.kind ?? (structure.kind as DealKind | undefined) ?? "finance",
    outdated,
    overCents: Math.max(0, over),
  };
}

/** Returns what a person compares of an offer. */
export function figuresOf(offer: DealOffer): Figures {
  const { cash, lease } = offer;
  const worth = { npvCents: offer.npv_cents ?? null, score: offer.score ?? null };
  if (cash) {
    const nothing = { termMonths: null, cashDownCents: null, rateBp: null, lender: null };
    const paidCents = cash.out_the_door_cents;
    return { kind: "cash", paidCents, ...nothing, discountCents: cash.discount_cents, totalCents: paidCents, ...worth };
  }
  const { payment_cents: paidCents, term_months: termMonths } = offer;
  return {
    kind: lease ? "lease" : "finance",
    paidCents,
    termMonths,
    cashDownCents: offer.cash_down_cents,
    discountCents: offer.discount_cents,
    rateBp: lease ? null : offer.rate_bp,
    lender: offer.lender ?? null,
    totalCents: offer.total_of_payments_cents ?? paidCents * termMonths,
    ...worth,
  };
}

export type Line = "payment" | "car" | "cash" | "term" | "discount" | "rate" | "lender" | "total" | "value";

/** Returns the lines in which a column differs from the deal's. Without figures on both sides none do. */
export function differing(column: Column, deal: Column): ReadonlySet<Line> {
  const [mine, own] = [column.figures, deal.figures];
  if (!mine || !own || column.scenario === null) return new Set();
  const lines: [Line, unknown, unknown][] = [
    ["payment", [mine.kind, mine.paidCents], [own.kind, own.paidCents]],
    ["car", column.vehicleId, deal.vehicleId],
    ["cash", mine.cashDownCents, own.cashDownCents],
    ["term", [mine.kind, mine.termMonths], [own.kind, own.termMonths]],
    ["discount", mine.discountCents, own.discountCents],
    ["rate", mine.rateBp, own.rateBp],
    ["lender", mine.lender, own.lender],
    ["total", mine.totalCents, own.totalCents],
    ["value", [mine.npvCents, mine.score], [own.npvCents, own.score]],
  ];
  return new Set(lines.filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b)).map(([line]) => line));
}

/** Returns by how much an amount of a column lies above the deal's; null where the two cannot be compared. */
export function delta(column: Column, deal: Column, amount: "paidCents" | "totalCents" | "npvCents"): number | null {
  const [mine, own] = [column.figures, deal.figures];
  if (!mine || !own || column.scenario === null) return null;
  // A payment each month and a price out the door are not the same thing.
  if (amount === "paidCents" && (mine.kind === "cash") !== (own.kind === "cash")) return null;
  const [a, b] = [mine[amount], own[amount]];
  return a === null || b === null || a === b ? null : a - b;
}
