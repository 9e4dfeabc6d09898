import { useRef } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import type { Row } from "../../deal/stock/rows";
import { NO_FILTERS } from "../../deal/stock/searching";
import { parseMoney, parseWhole } from "../../text/parse";
import type { Filters } from "../../wire";
import { ChoiceMenu } from "../parts/choice-menu";
import { DraftInput } from "../parts/draft-input";
import { useSurroundings } from "../parts/surroundings";
import { FindBox } from "./find-box";

/** The shared search of the deal, and this person's own filter of the loaded rows. */
export function FilterBar({ session }: { session: DealSession }) {
  const search = session.model.value?.search;
  const filters = search?.filters ?? NO_FILTERS;
  const sort = search?.sort ?? session.searching.firstSort;
  const change = (part: Partial<Filters>) => session.searching.begin({ ...filters, ...part }, sort);
  const makes = useSeen(session, (row) => row.make, filters.makes);
  const bodies = useSeen(session, (row) => row.body, filters.bodies);
  const filtered = JSON.stringify(filters) !== JSON.stringify(NO_FILTERS);
  return (
    <div class="filters" role="search" aria-label="Search of this deal, shared by everyone on it">
      <FindBox session={session} />
      <ChoiceMenu label="Make" options={makes} chosen={filters.makes} choose={(chosen) => change({ makes: chosen })} />
      <ChoiceMenu
        label="Body"
        options={bodies}
        chosen={filters.bodies}
        choose={(chosen) => change({ bodies: chosen })}
      />
      <NumberFilter
        label="Year from"
        unit="year"
        value={filters.year_min}
        commit={(value) => change({ year_min: value })}
      />
      <NumberFilter
        label="Miles up to"
        unit="count"
        value={filters.mileage_max}
        commit={(value) => change({ mileage_max: value })}
      />
      <NumberFilter
        label="Price up to"
        unit="money"
        value={filters.price_max_cents}
        commit={(value) => change({ price_max_cents: value })}
      />
      {filtered && (
        <button type="button" class="link" onClick={() => session.searching.begin(NO_FILTERS, sort)}>
          Clear
        </button>
      )}
    </div>
  );
}

type Unit = "year" | "count" | "money";

function NumberFilter({
  label,
  unit,
  value,
  commit,
}: {
  label: string;
  unit: Unit;
  value: number | null;
  commit(value: number | null): void;
}) {
  const { formats } = useSurroundings();
  const show = (shown: number | null) =>
    shown === null
      ? ""
      : unit === "year"
        ? String(shown)
        : unit === "money"
          ? formats.count(shown / 100)
          : formats.count(shown);
  const parse = (text: string) => {
    if (unit === "money") return parseMoney(text, formats);
    const whole = parseWhole(text, formats);
    const year = unit === "year" && whole.ok && whole.value !== null;
    return year && (whole.value! < 1900 || whole.value! > 2100)
      ? { ok: false as const, message: "Enter a year, such as 2021." }
      : whole;
  };
  const id = `filter-${label.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <span class="filter-number">
      <label for={id} class="visually-hidden">
        {label}
      </label>
      <DraftInput
        id={id}
        value={value}
        served
        show={show}
        parse={parse}
        commit={commit}
        placeholder={label}
        inputMode="numeric"
      />
    </span>
  );
}

/**
 * Returns what lists the values seen so far with how many of the rows have each; values that a filter hides stay in the
 * list.
 */
function useSeen(session: DealSession, nameOf: (row: Row) => string, chosen: string[]): () => [string, number][] {
  const seen = useRef(new Set<string>());
  return () => {
    const counts = new Map<string, number>();
    for (const row of session.grid.picture.value.rows) {
      const value = nameOf(row);
      if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    for (const value of [...counts.keys(), ...chosen]) seen.current.add(value);
    return [...seen.current].sort().map((value) => [value, counts.get(value) ?? 0]);
  };
}
