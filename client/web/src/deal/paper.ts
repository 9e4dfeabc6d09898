// Which paper the screen prints: what it shows. Pure.
import type { DealKind, DealOffer, QuoteReply } from "../wire";
import { figuresOf } from "./model/figures";
import type { Deal } from "./model/fold";
import type { PencilPicture } from "./pencil/pencil";
import { isOffered, priced, wayOf } from "./pencil/ways";

/** What of a single car is printed: a quote other than its best, or another way to pay. */
export interface Shown {
  pencil?: string;
  kind?: DealKind;
}

/** The paper of one car. */
export interface CarPaper {
  address: string;
  /** Whether it shows the deal's offer although the screen shows other figures of the car. */
  dealsOffer: boolean;
}

/** The address of a deal's paper: a proposal of one car, or a comparison of two or three. */
export function paperAddress(dealId: string, vehicleIds: readonly string[], shown: Shown = {}): string {
  const cars = `cars=${vehicleIds.map(encodeURIComponent).join(",")}`;
  const more = Object.entries(shown).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`);
  return `/api/deals/${encodeURIComponent(dealId)}/paper.pdf?${cars}${more.join("")}`;
}

/**
 * Returns the paper of a car as it is shown in a way to pay; null if there is nothing to print. The car of a deal
 * whose figures are agreed prints as agreed, whatever somebody looks at.
 */
export function paperOf(
  deal: Deal,
  vehicleId: string,
  picture: PencilPicture | null,
  way: DealKind | null,
): CarPaper | null {
  const selected = deal.selected?.vehicle_id === vehicleId ? deal.selected : null;
  const quote = picture?.vehicleId === vehicleId ? picture.quote : null;
  const shown = quote && way ? { quote, way } : null;
  const plain = paperAddress(deal.id, [vehicleId]);
  if (!shown) return { address: plain, dealsOffer: false };
  const own = shown.way === wayOf(quote!);
  if (selected && (isAgreed(deal) || (own && !picture?.pick))) {
    return { address: plain, dealsOffer: !isSame(selected, shown.quote, shown.way) };
  }
  if (!isPrintable(shown.quote, shown.way, own)) return null;
  if (!own) return { address: paperAddress(deal.id, [vehicleId], { kind: shown.way }), dealsOffer: false };
  const asked: Shown = picture?.pick ? { pencil: shown.quote.pencil_id } : {};
  return { address: paperAddress(deal.id, [vehicleId], asked), dealsOffer: false };
}

/** Whether a car can be had in a way to pay. In some views the quote does not say whether the cash suffices. */
function isPrintable(quote: QuoteReply, way: DealKind, own: boolean): boolean {
  if (way === "cash" && !own) return quote.cash !== undefined && quote.cash.covered !== false;
  return isOffered(quote, way);
}

function isAgreed({ state }: Deal): boolean {
  return state === "submitted" || state === "countered" || state === "approved" || state === "signed";
}

/** Returns whether a quote in a way to pay has the figures of an offer. */
export function isSame(offer: DealOffer, quote: QuoteReply, way: DealKind): boolean {
  const figures = figuresOf(offer);
  const found = figures.kind === way ? priced(quote, way) : null;
  const paid = figures.payment_cents ?? figures.total_cents;
  return found !== null && found.paidCents === paid && found.termMonths === figures.term_months;
}
