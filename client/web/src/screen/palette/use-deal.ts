import { useMemo } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { Finder } from "../../deal/stock/finder";
import { dealEntries } from "../../palette/deal-entries";
import type { Source } from "../../palette/door";
import type { View } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { helpEntry, marked } from "./help-entry";
import { usePaletteSource } from "./use-source";
import { useLookup, useStore } from "./use-store";

const MOST_CARS = 8;

/** Gives the palette what can be done with a deal, the cars of its stock, and the other deals of the store. */
export function useDealPalette(session: DealSession, widest: View, help: () => void): void {
  const { environment } = useSurroundings();
  const store = useStore(session);
  const lookup = useLookup(store, session.truth);
  const forCustomer = session.view.value === "customer";
  const source = useMemo((): Source => {
    const channel = `deal:${session.dealId}`;
    const finder = new Finder({
      find: (text, replied) => session.ask({ type: "find", channel, text, limit: MOST_CARS }, replied),
      later: environment.later,
    });
    return {
      entries: () => [...dealEntries(session, widest), ...marked(), helpEntry(help)],
      lists: forCustomer ? null : store.lists,
      lookup: forCustomer ? null : lookup,
      cars: {
        found: finder.found,
        look: (text) => finder.look(text),
        clear: () => finder.clear(),
        visit: (row) => session.grid.visit(row),
      },
    };
  }, [session, store, lookup, forCustomer, widest, environment]);
  usePaletteSource(source);
}
