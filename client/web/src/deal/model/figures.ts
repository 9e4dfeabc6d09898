// The figures that people agree on, in words. Pure.
import { type Formats, payText } from "../../text/format";
import { carName, isolated } from "../../text/readable";
import type { AgreedFigures, DealOffer, ErrorBody, FiguresChange, SeenFigures } from "../../wire";

/** Returns the figures of an offer, as the server has them. */
export function figuresOf(offer: DealOffer): AgreedFigures {
  const { vehicle_id, payment_cents, term_months, cash_down_cents, rate_bp } = offer;
  if (offer.cash) {
    const nothing = { payment_cents: null, term_months: null, rate_bp: null, lender: null };
    return { kind: "cash", vehicle_id, ...nothing, cash_down_cents: 0, total_cents: offer.cash.out_the_door_cents };
  }
  return {
    kind: offer.lease ? "lease" : "finance",
    vehicle_id,
    payment_cents,
    term_months,
    cash_down_cents,
    rate_bp: offer.lease ? null : rate_bp,
    lender: offer.lender ?? null,
    total_cents: offer.total_of_payments_cents ?? payment_cents * term_months,
  };
}

/** Returns the name of an offer's car, as people read it in a sentence. */
export function carText({ car }: Pick<DealOffer, "car">): string {
  return isolated(carName(car));
}

/** Returns figures as a command sends them back. */
export function seen(figures: AgreedFigures): SeenFigures {
  return { ...figures, lender: figures.lender ?? null };
}

/** Returns the new figures in a refusal because others were seen; null for any other refusal. */
export function newFigures(trouble: ErrorBody | undefined): AgreedFigures | null {
  const value = trouble?.detail.value;
  return trouble?.code === "conflict" && trouble.detail.seen !== undefined && isFigures(value) ? value : null;
}

function isFigures(value: unknown): value is AgreedFigures {
  return typeof value === "object" && value !== null && "total_cents" in value;
}

/** "$412.34 × 72", "$312.10 × 36 lease", or "$27,085.25 cash". */
export function paymentText(figures: AgreedFigures, formats: Formats): string {
  const { kind, payment_cents: payment, term_months: term, total_cents: total } = figures;
  return payText(payment ?? total, term, kind === "lease", formats);
}

/** Returns what differs between two figures, each as "Cash down $1,000.00 → $1,500.00"; the car if it is another. */
export function differences({ old, new: now }: FiguresChange, formats: Formats): string[] {
  if (now === null) return [`${paymentText(old, formats)} → not priced`];
  const rows: [string, string, string][] = [
    [old.kind === "cash" && now.kind === "cash" ? "Out the door" : "Payment", ...both(old, now, formats)],
    ["Cash down", formats.cents(old.cash_down_cents), formats.cents(now.cash_down_cents)],
    ["Rate", rate(old, formats), rate(now, formats)],
    ["Lender", isolated(old.lender ?? "none"), isolated(now.lender ?? "none")],
  ];
  // The total of a cash deal is its price out the door, which is said already.
  if (old.kind !== "cash" && now.kind !== "cash")
    rows.push(["Total of payments", formats.cents(old.total_cents), formats.cents(now.total_cents)]);
  const changed = rows.filter(([, before, after]) => before !== after);
  const told = changed.map(([name, before, after]) => `${name} ${before} → ${after}`);
  return old.vehicle_id === now.vehicle_id ? told : ["another car", ...told];
}

function both(old: AgreedFigures, now: AgreedFigures, formats: Formats): [string, string] {
  return [paymentText(old, formats), paymentText(now, formats)];
}

function rate({ rate_bp: rate }: AgreedFigures, formats: Formats): string {
  return rate === null ? "none" : formats.percent(rate);
}
