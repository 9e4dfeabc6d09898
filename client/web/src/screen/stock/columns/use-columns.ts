// Which columns this person shows, kept in the browser for each person and view.
import { useMemo, useState } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { arranged, readChosen, usual, writeChosen } from "../../../deal/stock/chosen/chosen-columns";
import { type Column, columnsFor } from "../../../deal/stock/columns";
import type { SortKey } from "../../../deal/stock/order/order";
import { kept } from "../../../live/environment";
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
    const chosen = readChosen(kept.read(place), every);
    return {
      available,
      shown: arranged(available, chosen),
      keys: chosen ?? usual(every),
      change(keys: readonly SortKey[] | null) {
        kept.write(place, keys && writeChosen(keys));
        setTurn((turn) => turn + 1);
      },
    };
  }, [view, scope, scores, place, turn]);
}
