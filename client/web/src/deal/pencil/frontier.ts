// The best trade-offs of a car as points of a plot: how they are reached, read and picked. Pure.
import type { Formats } from "../../text/format";
import type { FrontierReply, QuoteReply, StressedPoint } from "../../wire";
import { financed, type Pick } from "./pencil";

/** Returns the points that can be drawn, by rising payment: this person sees what each is worth. */
export function plotted(frontier: FrontierReply): StressedPoint[] {
  return frontier.points
    .filter((point) => point.npv_cents !== undefined)
    .sort((a, b) => a.payment_cents - b.payment_cents);
}

/** Returns the point that a key leads to, or null for a key that leads nowhere; the ends hold. */
export function pointAfter(key: string, index: number, count: number): number | null {
  const targets: Record<string, number> = {
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    Home: 0,
    End: count - 1,
  };
  const target = targets[key];
  return target === undefined ? null : Math.min(count - 1, Math.max(0, target));
}

/** Returns which of some places is nearest to one; -1 if there is none. */
export function nearest(places: readonly { x: number; y: number }[], x: number, y: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, place] of places.entries()) {
    const far = (place.x - x) ** 2 + (place.y - y) ** 2;
    if (far >= least) continue;
    least = far;
    best = index;
  }
  return best;
}

/** Returns the pick that shows a point's structure. */
export function pickOf(point: StressedPoint, structure: { readonly kind?: unknown }): Pick {
  const { term_months, cash_down_cents, discount_cents } = point;
  const changes = { term_months, cash_down_cents, cash_down_max_cents: cash_down_cents, discount_cents };
  return { changes: financed(structure, changes), programmeId: point.programme_id ?? null };
}

/** Whether a quote has a point's structure. */
export function isQuoted(point: StressedPoint, quote: QuoteReply | null): boolean {
  return (
    quote !== null &&
    quote.payment_cents === point.payment_cents &&
    quote.term_months === point.term_months &&
    quote.cash_down_cents === point.cash_down_cents
  );
}

/** Returns a point as it is said: payment, term, cash, discount, lender and what it is worth. */
export function pointText(point: StressedPoint, formats: Formats): string {
  const parts = [
    `${formats.cents(point.payment_cents)} for ${point.term_months} months`,
    `${formats.cents(point.cash_down_cents)} down`,
    point.discount_cents > 0 ? `${formats.cents(point.discount_cents)} discount` : null,
    point.lender ?? null,
    `NPV ${formats.dollars(point.npv_cents ?? 0)}`,
    point.stress_npv_cents === undefined ? null : `stress NPV ${formats.dollars(point.stress_npv_cents)}`,
    point.passed_by ? `beaten by ${formats.count(point.passed_by)} with a lower payment` : null,
  ];
  return parts.filter((part) => part !== null).join(", ");
}

/** How a point compares with the offer that is shown. */
export interface Against {
  paymentCents: number;
  npvCents: number | null;
}

/** Returns what a point changes; null if the offer has no payment, or is the point. */
export function against(point: StressedPoint, quote: QuoteReply | null): Against | null {
  if (quote?.payment_cents === undefined || isQuoted(point, quote)) return null;
  const worth = quote.value?.npv_cents;
  return {
    paymentCents: point.payment_cents - quote.payment_cents,
    npvCents: worth === undefined || point.npv_cents === undefined ? null : point.npv_cents - worth,
  };
}

/** Returns how many structures are worth less than one with a lower payment once losses rise; null if none is. */
export function reversalText(points: readonly StressedPoint[], formats: Formats): string | null {
  const passed = points.filter((point) => point.passed_by).length;
  return passed === 0 ? null : `${formats.count(passed)} beaten by a lower payment under stress`;
}
