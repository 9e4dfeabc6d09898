import type { DealSession } from "../../deal/session";
import { useColumns } from "./columns/use-columns";
import { FilterBar } from "./filters/filter-bar";
import { MatchGrid } from "./grid/match-grid";
import { CompareDialog } from "./pins/compare-dialog";
import { PinStrip } from "./pins/pin-strip";
import { StaleCars } from "./stale-cars";

/** The cars that fit: filters, the cars that are kept on top, the grid, the comparison. */
export function StockSection({ session }: { session: DealSession }) {
  const choice = useColumns(session);
  // Other columns and facets are another grid: nothing of the old one moves.
  const view = `${session.view.value} ${session.scores}`;
  return (
    <section id="cars" class="stock" aria-label="Cars that fit">
      <StaleCars session={session} />
      <FilterBar key={`bar ${view}`} session={session} choice={choice} />
      <PinStrip session={session} />
      <MatchGrid key={view} session={session} columns={choice.shown} />
      <CompareDialog session={session} />
    </section>
  );
}
