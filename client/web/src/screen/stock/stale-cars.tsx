import type { DealSession } from "../../deal/session";
import { useSaid } from "../parts/announced";

const MINUTE_SECONDS = 60;

/** Says that the list of cars is an earlier one, because the stock could not be read, and offers to try again. */
export function StaleCars({ session }: { session: DealSession }) {
  const search = session.model.value?.search;
  const age = search?.trace.stale;
  useSaid(age === undefined ? "" : "The stock could not be read. These cars are from an earlier search.", "stale");
  if (!search || age === undefined) return null;
  return (
    <p class="banner warn">
      <span>
        The stock could not be read. These cars are from {ageText(age)} ago: some may be sold or have another price.
      </span>
      <button
        type="button"
        class="button small"
        onClick={() => session.searching.begin(search.filters, search.sort ?? session.searching.firstSort)}
      >
        Search again
      </button>
    </p>
  );
}

/** Returns an age as people say it. */
function ageText(seconds: number): string {
  const minutes = Math.round(seconds / MINUTE_SECONDS);
  if (minutes < 1) return "less than a minute";
  if (minutes < MINUTE_SECONDS) return minutes === 1 ? "a minute" : `${minutes} minutes`;
  const hours = Math.round(minutes / MINUTE_SECONDS);
  return hours === 1 ? "an hour" : `${hours} hours`;
}
