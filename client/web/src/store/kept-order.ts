// The order of a list that somebody reads: rows keep their places, and what is new waits until it is asked for. Pure.
import type { Summary } from "../wall/fold";

export interface KeptDeal {
  deal: Summary;
  /** It has left the list since: its row stays until the list is ordered anew. */
  gone: boolean;
}

export interface KeptList {
  shown: readonly KeptDeal[];
  /** How many deals are not shown yet. */
  fresh: number;
}

/** Returns the deals in the places that they had `before`, each as it is now; with nothing before, as `now` has them. */
export function kept(before: readonly KeptDeal[], now: readonly Summary[]): KeptList {
  if (before.length === 0) return { shown: now.map((deal) => ({ deal, gone: false })), fresh: 0 };
  const current = new Map(now.map((deal) => [deal.deal_id, deal]));
  const shown = before.map(({ deal }) => {
    const found = current.get(deal.deal_id);
    return { deal: found ?? deal, gone: found === undefined };
  });
  const places = new Set(before.map(({ deal }) => deal.deal_id));
  return { shown, fresh: now.filter(({ deal_id: id }) => !places.has(id)).length };
}
