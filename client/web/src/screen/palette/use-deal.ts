import { useMemo } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { Finder } from "../../deal/stock/finder";
import { dealEntries } from "../../palette/deal-entries";
import type { Source } from "../../palette/door";
import { useSurroundings } from "../parts/surroundings";
import { helpEntry, marked } from "./help-entry";
import { usePaletteSource } from "./use-source";
import { useLookup, useStore } from "./use-store";

const MOST_CARS = 8;

/** Gives the palette what can be done with a deal, the cars of its stock, and the other deals of the store. */
export function useDealPalette(session: DealSession, help: () => void): void {
  const { environment } = useSurroundings();
  const store = useStore(session);
  const lookup = useLookup(store, session.truth);
  const source = useMemo((): Source => {
    const channel = `deal:${session.dealId}`;
    const finder = new Finder({
      find: (text, replied) => session.ask({ type: "find", channel, text, limit: MOST_CARS }, replied),
      later: environment.later,
    });
    return {
      entries: () => [...dealEntries(session), ...marked(), helpEntry(help)],
      lists: store.lists,
      lookup,
      cars: {
        found: finder.found,
        look: (text) => finder.look(text),
        clear: () => finder.clear(),
        visit: (row) => session.grid.visit(row),
      },
    };
  }, [session, store, lookup, environment]);
  usePaletteSource(source);
}
