import { useEffect, useMemo } from "preact/hooks";
import type { Truth } from "../../live/truth";
import { type Ask, Lookup, StoreLists } from "../../store/lists";
import { useSurroundings } from "../parts/surroundings";

interface Asking {
  readonly ask: Ask;
  readonly truth: Truth;
}

export interface Store {
  lists: StoreLists;
  /** A look-up of its own for each box. */
  lookup(): Lookup;
}

/** Returns what this person's store can be asked over the connection of the page. */
export function useStore(session: Asking): Store {
  const { user, environment } = useSurroundings();
  return useMemo(() => {
    const lists = new StoreLists(user.store_id, session.ask);
    const find: StoreLists["find"] = (...asked) => lists.find(...asked);
    return { lists, lookup: () => new Lookup(find, environment.later) };
  }, [session, user.store_id, environment]);
}

/** Returns a look-up that asks again when the page is live, if the connection took its answer away. */
export function useLookup(store: Store, truth: Truth): Lookup {
  const lookup = useMemo(() => store.lookup(), [store]);
  const live = truth.standing.value === "live";
  useEffect(() => {
    if (live) lookup.again();
  }, [live, lookup]);
  return lookup;
}
