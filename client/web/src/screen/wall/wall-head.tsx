import type { RefObject } from "preact";
import { STATES } from "../../deal/model/words";
import type { Alerts } from "../../wall/alerts";
import { peopleOf, standingsOf } from "../../wall/filter";
import { type Standing, waitText } from "../../wall/fold";
import { queueTotals } from "../../wall/sections";
import { useSurroundings } from "../parts/surroundings";
import { AlertMenu } from "./alert-menu";
import type { WallView } from "./wall-view";

const ORDER: readonly Standing[] = [
  ...(["submitted", "countered", "approved", "working"] as const),
  ...(["declined", "signed", "delivered"] as const),
];

interface Props {
  view: WallView;
  alerts: Alerts;
  find: RefObject<HTMLInputElement | null>;
}

/** What waits and what it is worth; whose deals, and which, are shown. */
export function WallHead({ view, alerts, find }: Props) {
  const { filter } = view.look.value;
  const rows = view.session.rows.value;
  const people = peopleOf(rows, filter);
  const standings = standingsOf(rows, filter);
  const filtered = filter.person !== null || filter.standing !== null || filter.text !== "";
  return (
    <div class="wall-head">
      <Totals view={view} />
      <div class="wall-filters" role="search" aria-label="Deals of the wall">
        <label>
          <span class="visually-hidden">Find a deal by customer, stock number or deal</span>
          <input
            ref={find}
            type="search"
            placeholder="Find customer, stock, deal  /"
            value={filter.text}
            aria-keyshortcuts="/"
            onInput={(event) => view.filter({ text: event.currentTarget.value })}
          />
        </label>
        <select
          aria-label="Person"
          value={filter.person ?? ""}
          onChange={(event) => view.filter({ person: event.currentTarget.value || null })}
        >
          <option value="">Everybody</option>
          {people.map(({ value, name, count }) => (
            <option key={value} value={value}>
              {name} ({count})
            </option>
          ))}
        </select>
        <select
          aria-label="State"
          value={filter.standing ?? ""}
          onChange={(event) => view.filter({ standing: (event.currentTarget.value || null) as Standing | null })}
        >
          <option value="">Any state</option>
          {ORDER.filter((each) => standings.has(each) || each === filter.standing).map((each) => (
            <option key={each} value={each}>
              {each === "delivered" ? "Delivered" : STATES[each]} ({standings.get(each) ?? 0})
            </option>
          ))}
        </select>
        <button
          type="button"
          class="link clear-filters"
          disabled={!filtered}
          onClick={() => {
            view.filter({ person: null, standing: null, text: "" });
            // The button goes; what it was pressed for is to look for another deal.
            find.current?.focus();
          }}
        >
          Show all
        </button>
      </div>
      <AlertMenu alerts={alerts} />
    </div>
  );
}

function Totals({ view }: { view: WallView }) {
  const { formats } = useSurroundings();
  const { count, oldest, npvCents } = queueTotals(view.session.rows.value);
  return (
    <p class="wall-totals">
      <b>{formats.count(count)} waiting</b>
      <span class="oldest">{oldest === null ? "" : <Oldest since={oldest} view={view} />}</span>
      <span>{count > 0 && `${formats.dollars(npvCents)} NPV at stake`}</span>
    </p>
  );
}

function Oldest({ since, view }: { since: number; view: WallView }) {
  return <>oldest {waitText(view.now.value - since)}</>;
}
