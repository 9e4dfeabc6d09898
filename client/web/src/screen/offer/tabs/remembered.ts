// The tab of the panel that each person had open last, kept by the browser.
import type { Shelf } from "../../../live/environment";

export const OFFER_TABS = ["pencil", "value", "contract", "car"] as const;
export type OfferTab = (typeof OFFER_TABS)[number];

/** Returns the tab that a person had open last; the first one if nobody knows. */
export function rememberedTab(shelf: Shelf, userId: string): OfferTab {
  const name = shelf.read(keyOf(userId));
  return OFFER_TABS.find((tab) => tab === name) ?? OFFER_TABS[0];
}

/** Keeps the tab for the next time. */
export function rememberTab(shelf: Shelf, userId: string, tab: OfferTab): void {
  shelf.write(keyOf(userId), tab);
}

function keyOf(userId: string): string {
  return `offer-tab:${userId}`;
}
