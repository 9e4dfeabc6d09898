import { useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { chipText, FACETS } from "../../../deal/stock/facets/kinds";
import { filtersOf, filtersText, isFiltered } from "../../../deal/stock/facets/shared";
import { NO_FILTERS } from "../../../deal/stock/searching";
import { useSurroundings } from "../../parts/surroundings";

/** What narrows the rows, each with a button that lifts it. The place is kept while nothing does. */
export function FilterChips({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const section = useRef<HTMLElement>(null);
  const { grid, searching } = session;
  const search = session.model.value?.search;
  const { chosen } = grid.picture.value;
  const own = FACETS.flatMap((kind) => {
    const wanted = chosen[kind.key];
    return wanted === undefined ? [] : [{ kind, text: chipText(kind, wanted, formats) }];
  });
  const shared = search && isFiltered(search.filters) ? filtersText(search.filters, formats) : null;
  const begin = (filters: typeof NO_FILTERS) => searching.begin(filters, search?.sort ?? searching.firstSort);
  // The button goes with what it lifts: the focus stays among the others.
  const lift = (action: () => void) => {
    section.current?.focus();
    action();
  };
  // Not all of the stock is here: the search itself can look for what this person wants.
  const partial = search?.reason === "limit" && isFiltered(filtersOf(chosen));
  return (
    <section class="chips" aria-label="Filters" ref={section} tabIndex={-1}>
      {shared !== null && (
        <button type="button" class="filter-chip shared" onClick={() => lift(() => begin(NO_FILTERS))}>
          <span class="visually-hidden">Lift for everyone on this deal: </span>
          Everyone: {shared}
        </button>
      )}
      {own.map(({ kind, text }) => (
        <button
          key={kind.key}
          type="button"
          class="filter-chip"
          onClick={() => lift(() => grid.choose(kind.key, null))}
        >
          <span class="visually-hidden">Lift: </span>
          {text}
        </button>
      ))}
      {own.length > 1 && (
        <button type="button" class="link" onClick={() => lift(() => grid.chooseAny())}>
          Clear all
        </button>
      )}
      {partial && (
        <button type="button" class="link" onClick={() => begin(filtersOf(chosen))}>
          Search the whole stock for these
        </button>
      )}
      {own.length === 0 && shared === null && <span class="quiet">No filters</span>}
    </section>
  );
}
