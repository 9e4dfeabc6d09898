import type { DealSession } from "../../../deal/session";
import { reachText } from "../../../deal/stock/best";
import { facetsFor } from "../../../deal/stock/facets/kinds";
import { VALUE_KEYS } from "../../../deal/stock/order/order";
import { useSurroundings } from "../../parts/surroundings";
import { ColumnMenu } from "../columns/column-menu";
import { SortMenu } from "../columns/sort-menu";
import type { ColumnChoice } from "../columns/use-columns";
import { FindBox } from "../find-box";
import { FacetMenu } from "./facet-menu";
import { FilterChips } from "./filter-chips";
import { MoreFacets } from "./more-facets";

/** The facets that have a menu of their own; the others share one. */
const OWN_MENUS = 5;

/** What this person wants to see of the cars that fit: words, facets, order, columns. */
export function FilterBar({ session, choice }: { session: DealSession; choice: ColumnChoice }) {
  const scope = session.model.value?.deal.structure.scope === "group" ? "group" : "store";
  const facets = facetsFor(scope);
  return (
    <div class="filters" role="search" aria-label="Cars that fit">
      <div class="filter-line">
        <FindBox session={session} />
        {facets.slice(0, OWN_MENUS).map((kind) => (
          <FacetMenu key={kind.key} kind={kind} session={session} />
        ))}
        <MoreFacets kinds={facets.slice(OWN_MENUS)} session={session} />
      </div>
      <div class="filter-line">
        <FilterChips session={session} />
        <Best session={session} />
        <SortMenu session={session} columns={choice.available} />
        <ColumnMenu choice={choice} />
      </div>
    </div>
  );
}

/** Among how many cars the best is the best; better ones that came since, in the same place. */
function Best({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const search = session.model.value?.search;
  const { better, order, matched, settled, failed, shown, stale } = session.grid.picture.value;
  if (better > 0 && !stale) {
    const one = better === 1;
    const what = VALUE_KEYS.has(order.key)
      ? `better ${one ? "offer" : "offers"}`
      : `${one ? "car" : "cars"} to re-sort`;
    return (
      <span class="reach">
        <button type="button" class="pill" onClick={() => session.grid.bringUp()}>
          {`↑ ${formats.count(better)} ${what}`}
        </button>
      </span>
    );
  }
  const narrowed = shown.length < matched ? `${formats.count(shown.length)} shown · ` : "";
  const reach = search && { matched, settled, failed, reason: search.reason };
  const text = reach && (stale ? "Searching again…" : narrowed + reachText(reach, formats));
  return <span class="reach">{text}</span>;
}
