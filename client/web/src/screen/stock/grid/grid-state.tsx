import type { SearchProgress } from "../../../deal/model/state";
import type { DealSession } from "../../../deal/session";
import { isFiltered } from "../../../deal/stock/facets/shared";
import { adviceText } from "../../../deal/stock/fixes";
import { NO_FILTERS } from "../../../deal/stock/searching";
import { refusalText } from "../../../deal/terms/fields";
import { LimitBars } from "../../offer/unchosen";
import { useSurroundings } from "../../parts/surroundings";

const SKELETON_ROWS = 14;

/** Shown while there are no rows: waiting, nothing found, or failed, and what to do. */
export function GridState({ session }: { session: DealSession }) {
  const search = session.model.value?.search;
  const { formats } = useSurroundings();
  const { grid } = session;
  const { matched } = grid.picture.value;
  if (matched > 0) {
    return (
      <div class="empty over">
        <h2>
          {grid.filterText ? `No car of these holds “${grid.filterText}”` : "No car of these passes your filters"}
        </h2>
        <button type="button" class="button" onClick={() => grid.showAll()}>
          Show all {formats.count(matched)} cars
        </button>
      </div>
    );
  }
  if (search?.reason === "failed") {
    return (
      <div class="empty over" role="alert">
        <h2>The search did not finish</h2>
        <p>Not all of the stock could be searched.</p>
        <button
          type="button"
          class="button primary"
          onClick={() => session.searching.begin(search.filters, search.sort ?? session.searching.firstSort)}
        >
          Search again
        </button>
      </div>
    );
  }
  if (search?.reason === "complete" || search?.reason === "limit")
    return <NothingFits session={session} search={search} />;
  if (!search && session.truth.paused.value) {
    return (
      <div class="empty over">
        <h2>The list of cars is paused</h2>
        <p>It comes back by itself. Until then, find a car by its stock number or words. What you save is kept.</p>
      </div>
    );
  }
  const failure = session.searching.refusal.value;
  if (!search && failure) {
    return (
      <div class="empty over">
        <h2>The stock could not be searched</h2>
        <p>{refusalText(failure.message)}</p>
        <button
          type="button"
          class="button primary"
          onClick={() => session.searching.begin(NO_FILTERS, session.searching.firstSort)}
        >
          Search again
        </button>
      </div>
    );
  }
  return (
    <div key="waiting" class="over skeleton-rows" aria-hidden="true">
      {Array.from({ length: SKELETON_ROWS }, (_, i) => (
        <span key={i} class="skeleton" />
      ))}
    </div>
  );
}

function NothingFits({ session, search }: { session: DealSession; search: SearchProgress }) {
  const { formats } = useSurroundings();
  const filtered = isFiltered(search.filters);
  return (
    <div class="empty over">
      <h2>No car qualifies with these terms</h2>
      <p>
        {search.scanned > 0 && `${formats.count(search.scanned)} cars were checked. `}
        {adviceText(search.rejected, filtered)}
      </p>
      {search.rejected.length > 0 && <LimitBars rejected={search.rejected} />}
      {filtered && (
        <button
          type="button"
          class="button primary"
          onClick={() => session.searching.begin(NO_FILTERS, search.sort ?? session.searching.firstSort)}
        >
          Clear the filters
        </button>
      )}
    </div>
  );
}
