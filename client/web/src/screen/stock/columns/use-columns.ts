// Which columns this person shows, kept in the browser for each person and view.
import { useMemo, useState } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { arranged, readChosen, usual, writeChosen } from "../../../deal/stock/chosen/chosen-columns";
import { type Column, columnsFor } from "../../../deal/stock/columns";
import type { SortKey } from "../../../deal/stock/order/order";
import { useSurroundings } from "../../parts/surroundings";

export interface ColumnChoice {
  /** Every column that the view has. */
  available: readonly Column[];
  /** Those on the screen, in their order. */
  shown: readonly Column[];
  /** The chosen keys, also those of another scope. */
  keys: readonly SortKey[];
  /** Shows these, and remembers them; null: the usual ones. */
  change(keys: readonly SortKey[] | null): void;
}

export function useColumns(session: DealSession): ColumnChoice {
  const { user } = useSurroundings();
  const view = session.view.value;
  const { scores } = session;
  const scope = session.model.value?.deal.structure.scope === "group" ? "group" : "store";
  const place = `deal-architect.columns.${user.id}.${view}`;
  const [turn, setTurn] = useState(0);
  return useMemo(() => {
    const available = columnsFor(view, scope, scores);
    const every = columnsFor(view, "group", scores);
    const chosen = readChosen(kept(place), every);
    return {
      available,
      shown: arranged(available, chosen),
      keys: chosen ?? usual(every),
      change(keys: readonly SortKey[] | null) {
        keep(place, keys && writeChosen(keys));
        setTurn((turn) => turn + 1);
      },
    };
  }, [view, scope, scores, place, turn]);
}

/** What this page keeps if the browser keeps nothing. */
const here = new Map<string, string>();

function kept(place: string): string | null {
  try {
    return localStorage.getItem(place) ?? here.get(place) ?? null;
  } catch {
    return here.get(place) ?? null;
  }
}

function keep(place: string, text: string | null): void {
  if (text === null) here.delete(place);
  else here.set(place, text);
  try {
    if (text === null) localStorage.removeItem(place);
    else localStorage.setItem(place, text);
  } catch {
    // The browser keeps nothing for this page, or has no room: the choice holds until the page is closed.
  }
}
