// The order of a list that somebody reads: rows keep their places, and what is new waits until it is asked for. Pure.

export interface Kept<T> {
  item: T;
  /** It has left the list since: its row stays until the list is ordered anew. */
  gone: boolean;
}

export interface KeptList<T> {
  shown: readonly Kept<T>[];
  /** How many items are not shown yet. */
  fresh: number;
}

/** Returns the items in the places that they had `before`, each as it is now; with null before, as `now` has them. */
export function kept<T>(before: readonly Kept<T>[] | null, now: readonly T[], idOf: (item: T) => string): KeptList<T> {
  if (!before) return { shown: now.map((item) => ({ item, gone: false })), fresh: 0 };
  const current = new Map(now.map((item) => [idOf(item), item]));
  const shown = before.map(({ item }) => {
    const found = current.get(idOf(item));
    return { item: found ?? item, gone: found === undefined };
  });
  const places = new Set(before.map(({ item }) => idOf(item)));
  return { shown, fresh: now.filter((item) => !places.has(idOf(item))).length };
}
