import type { DealSession } from "../../../deal/session";
import { LEADERS, LEAST_MOVE } from "../../../deal/stock/turnover";
import { useSurroundings } from "../../parts/surroundings";
import { GRID_SUBJECT, retry } from "../pins/giving";
import { Progress, ProgressBar } from "./search-progress";

const TURNS = `If losses rise, these offers leave or join the top ${LEADERS}, or move by a tenth of all offers (at least ${LEAST_MOVE} places). Show the next one`;

/** How far the search is, what did not work, and what can be done about it. */
export function GridFoot({ session, nextTurned }: { session: DealSession; nextTurned(): void }) {
  const { formats } = useSurroundings();
  const search = session.model.value?.search;
  const { failed, turned } = session.grid.picture.value;
  return (
    <section class="grid-foot" aria-label="Search">
      <ProgressBar session={session} />
      <Progress session={session} />
      <span class="foot-actions">
        {turned > 0 && (
          <button type="button" class="link" title={TURNS} onClick={nextTurned}>
            {formats.count(turned)} {turned === 1 ? "rank change" : "rank changes"} under stress
          </button>
        )}
        {failed > 0 && <Failed session={session} failed={failed} />}
        {search?.reason === "cancelled" && <span>Search stopped</span>}
        {search?.next && search.reason === "limit" && (
          <button type="button" class="button small" onClick={() => session.searching.more()}>
            Load more cars
          </button>
        )}
        {search && search.reason === null && (
          <button type="button" class="link stop" onClick={() => session.searching.cancel()}>
            Stop
          </button>
        )}
      </span>
    </section>
  );
}

function Failed({ session, failed }: { session: DealSession; failed: number }) {
  const { formats } = useSurroundings();
  return (
    <span class="trouble">
      {formats.count(failed)} could not be valued
      {session.can("search") && (
        <button
          type="button"
          class="button small"
          disabled={session.desk.busy.value.has(GRID_SUBJECT)}
          onClick={() => retry(session, session.grid.failures)}
        >
          Retry {failed === 1 ? "it" : "all"}
        </button>
      )}
    </span>
  );
}
