import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { ON_SALE } from "../../deal/stock/claims";
import type { Grid } from "../../deal/stock/grid";
import { type Row, unvalued } from "../../deal/stock/rows";
import { kept } from "../../live/environment";
import { useSurroundings } from "../parts/surroundings";
import { Chosen } from "./chosen";
import { rememberedTab, rememberTab } from "./tabs/remembered";
import { Unchosen } from "./unchosen";

/** The chosen car: what is known of it and of its best offer. Without a choice: what excludes the other cars. */
export function OfferPanel({ session }: { session: DealSession }) {
  const { user } = useSurroundings();
  const tab = useSignal(rememberedTab(kept, user.id));
  const row = useChosen(session);
  useEffect(() => tab.subscribe((open) => rememberTab(kept, user.id, open)), []);
  const lost = session.grid.selected.value !== null && session.model.value !== null;
  return (
    <aside class={`offer ${row ? "open" : ""}`} aria-label="Chosen car">
      {row ? (
        <Chosen key={row.vehicle_id} row={row} session={session} tab={tab} />
      ) : (
        <Unchosen session={session} lost={lost} />
      )}
    </aside>
  );
}

/**
 * Returns the chosen car. One that a search does not find, or does not find yet, stays: its quote says why it has no
 * offer. One that was sold goes.
 */
function useChosen(session: DealSession): Row | undefined {
  const { grid } = session;
  const shown = useRef<{ grid: Grid; row: Row } | null>(null);
  const selected = grid.selected.value;
  void grid.picture.value;
  const found = selected === null ? undefined : grid.row(selected);
  // Another view has another grid: nothing of the old one stays.
  if (found) shown.current = { grid, row: found };
  else if (shown.current?.grid !== grid || shown.current.row.vehicle_id !== selected) shown.current = null;
  if (found || !shown.current) return found;
  const status = session.model.value?.cars.get(shown.current.row.vehicle_id)?.status;
  return status !== undefined && !ON_SALE.has(status) ? undefined : unvalued(shown.current.row);
}
