// What a salesperson lets the customer see, and the links to it. Pure.

import { carName } from "../../text/readable";
import { type Acceptance, MAX_SHOWN, type OfferLink, type Presentation } from "../../wire";
import type { Deal } from "../model/fold";

/** Nothing stated: the customer sees the deal's own offer. */
export const NOTHING_STATED: Presentation = { vehicle_ids: [], cash_down_cents: [], terms_months: [], kinds: [] };

/** The customer's page on the store's own screen. */
export function presentPath(dealId: string): string {
  return `/deals/${encodeURIComponent(dealId)}/present`;
}

export const HOUR_CHOICES: readonly (readonly [number, string])[] = [
  [1, "1 hour"],
  [24, "24 hours"],
  [72, "3 days"],
  [168, "7 days"],
];

/** A car that can be shown. */
export interface Candidate {
  vehicle_id: string;
  name: string;
  /** Why it is offered here. */
  source: "On the deal" | "Pinned" | "Chosen";
}

/** Returns the cars that can be shown: the deal's, the pinned ones, and the one that this person looks at. */
export function candidatesOf(deal: Deal, looked: { vehicle_id: string; name: string } | null): Candidate[] {
  const named = (offer: Deal["pins"][number], source: Candidate["source"]): Candidate => {
    return { vehicle_id: offer.vehicle_id, name: carName(offer.car), source };
  };
  const all = [
    ...(deal.selected ? [named(deal.selected, "On the deal")] : []),
    ...deal.pins.map((pin) => named(pin, "Pinned")),
    ...(looked ? [{ ...looked, source: "Chosen" as const }] : []),
  ];
  return all.filter((one, i) => all.findIndex((other) => other.vehicle_id === one.vehicle_id) === i);
}

/** Returns the list with or without an item, in the order of `order`; as it was if it is full. */
export function toggled<T>(list: readonly T[], item: T, order: readonly T[]): T[] {
  const wanted = list.includes(item) ? list.filter((each) => each !== item) : [...list, item];
  if (wanted.length > MAX_SHOWN) return [...list];
  return [...wanted].sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

const USUAL_TERMS = [24, 36, 48, 60, 72, 84];

/**
 * Returns what to state after a change. Several cars are compared at the same cash down: what was left open is `open`
 * then, because each car's own would be another one.
 */
export function statedAfter(
  stated: Presentation,
  change: Partial<Presentation>,
  open: Presentation | null,
): Presentation {
  const wanted = { ...stated, ...change };
  const compares = wanted.vehicle_ids.length > 1 && stated.vehicle_ids.length <= 1;
  if (!compares || wanted.cash_down_cents.length > 0 || !open) return wanted;
  return { ...wanted, cash_down_cents: open.cash_down_cents };
}

/** Returns the terms that can be shown, shortest first: the usual ones, the deal's, and what is shown already. */
export function termChoices(deal: Deal, shown: Presentation): number[] {
  const own = deal.structure.terms_months;
  const terms = Array.isArray(own) ? (own as number[]) : [];
  return [...new Set([...USUAL_TERMS, ...terms, ...shown.terms_months])].sort((a, b) => a - b);
}

/** Returns the amounts, smallest first and each once, with one of them replaced; null takes it out. */
export function withCash(amounts: readonly number[], place: number, cents: number | null): number[] {
  const others = amounts.filter((_, i) => i !== place);
  return [...new Set(cents === null ? others : [...others, cents])].sort((a, b) => a - b);
}

/** Whether an address of this host leads other devices to it. */
export function isReachable(hostname: string): boolean {
  return hostname !== "localhost" && !hostname.startsWith("127.") && hostname !== "[::1]";
}

/** Returns the links that still open the presentation, the latest first. */
export function liveLinks(links: readonly OfferLink[], now: number): OfferLink[] {
  return links.filter((link) => !link.revoked && Date.parse(link.expires_at) > now).reverse();
}

/** Returns the latest thing that the customer liked; null if nothing. */
export function latestLiked(deal: Deal): Acceptance | null {
  return deal.acceptances?.at(-1) ?? null;
}
