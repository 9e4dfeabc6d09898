// The nearest counters in an offer's payment grid: a little more cash, a shorter term. Pure.
import type { DealOffer, QuoteGrid, StructureChanges } from "../../wire";
import { OFFERED_TERMS } from "../terms/fields";
import type { Pick } from "./pencil";

export interface Nudge {
  cashCents: number;
  termMonths: number;
  paymentCents: number;
  /** How much more it is worth than the offer; null if nobody knows. */
  npvCents: number | null;
  /** How much more cash than the offer. */
  moreCents: number;
}

interface Gridded {
  grid: QuoteGrid;
}

const STEPS_CENTS = [50_000, 100_000];

/** Returns the columns and rows of a grid that has an offer's nearest counters. */
export function nudgeAxes({ cash_down_cents: cash, term_months: term }: DealOffer): {
  cash: number[];
  terms: number[];
} {
  const shorter = OFFERED_TERMS.filter((each) => each < term).at(-1);
  return { cash: [cash, ...STEPS_CENTS.map((step) => cash + step)], terms: shorter ? [shorter, term] : [term] };
}

/** Returns the cells with more cash in the offer's term, the nearest first, then the next shorter term. */
export function nudgesOf({ grid }: Gridded, offer: DealOffer): Nudge[] {
  const row = grid.terms_months.indexOf(offer.term_months);
  const own = grid.cash_down_cents.indexOf(offer.cash_down_cents);
  if (row < 0) return [];
  const cells = grid.cash_down_cents.flatMap((cents, at) => (cents > offer.cash_down_cents ? [[row, at]] : []));
  if (row > 0 && own >= 0) cells.push([row - 1, own]);
  return cells.flatMap(([at, column]) => nudge(grid, at!, column!, offer) ?? []);
}

function nudge(grid: QuoteGrid, row: number, column: number, offer: DealOffer): Nudge | null {
  const payment = grid.payment_cents[row]?.[column];
  const cash = grid.cash_down_cents[column];
  const term = grid.terms_months[row];
  if (payment == null || cash === undefined || term === undefined || !grid.eligible[row]?.[column]) return null;
  const npv = grid.npv_cents?.[row]?.[column];
  return {
    cashCents: cash,
    termMonths: term,
    paymentCents: payment,
    npvCents: npv == null || offer.npv_cents === undefined ? null : npv - offer.npv_cents,
    moreCents: cash - offer.cash_down_cents,
  };
}

/** Returns what shows an offer in its payment grid as it was agreed, not as it would be best today. */
export function pickOf(offer: DealOffer): Pick {
  const { term_months, cash_down_cents, discount_cents } = offer;
  const own = { term_months, cash_down_cents, cash_down_max_cents: cash_down_cents, discount_cents };
  const changes = { ...offer.changes, payment_max_cents: null, ...own } as StructureChanges;
  return { changes, programmeId: offer.programme_id ?? null };
}
