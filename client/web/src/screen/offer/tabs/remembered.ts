// The tab of the panel that each person had open last, kept by the browser.

export const OFFER_TABS = ["pencil", "value", "contract", "car"] as const;
export type OfferTab = (typeof OFFER_TABS)[number];

/** What a browser keeps; a browser that keeps nothing throws. */
export type Kept = Pick<Storage, "getItem" | "setItem">;

/** Returns the tab that a person had open last; the first one if nobody knows. */
export function rememberedTab(kept: () => Kept, userId: string): OfferTab {
  try {
    const name = kept().getItem(keyOf(userId));
    return OFFER_TABS.find((tab) => tab === name) ?? OFFER_TABS[0];
  } catch {
    return OFFER_TABS[0];
  }
}

/** Keeps the tab for the next time, if the browser lets the page keep anything. */
export function rememberTab(kept: () => Kept, userId: string, tab: OfferTab): void {
  try {
    kept().setItem(keyOf(userId), tab);
  } catch {
    // A private window: the tab is remembered while the page is open.
  }
}

function keyOf(userId: string): string {
  return `offer-tab:${userId}`;
}
