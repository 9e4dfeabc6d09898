import { useRef } from "preact/hooks";
import type { SearchProgress } from "../../deal/model/state";
import { type StageRow, type Waterfall, waterfall } from "../../deal/stock/stages";
import { duration } from "../../text/format";
import type { StageSpan } from "../../wire";
import { useCloseOutside } from "../focus/close-outside";
import { useSurroundings } from "../parts/surroundings";

const COUNTS: [string, string][] = [
  ["queries", "Queries"],
  ["rows_read", "Rows read"],
  ["jobs", "Jobs"],
  ["cached", "Cars from memory"],
];
/** Percent of the scale beyond which a label ends at its tick. */
const LAST_LABEL = 92;
const PLACES = { server: "Server", worker: "Workers", screen: "To the screen" } as const;

/** Where the time of the last search went, from the command to the screen: a bar for each stage, on one scale. */
export function TracePopover({ search, painted }: { search: SearchProgress; painted: StageSpan[] }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  const known = search.spans.length > 0;
  return (
    <details class="menu trace" ref={menu}>
      <summary class="link">Timing</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it by its own focus */}
      <div class="menu-body" tabIndex={0} role="group" aria-label="Where the time of the last search went">
        {known ? (
          <Stages search={search} chart={waterfall(search.spans, search.trace, painted)} />
        ) : (
          <p class="quiet">{search.reason === null ? "Known once the cars are read." : "Nothing was recorded."}</p>
        )}
      </div>
    </details>
  );
}

/** The place of the button, before there is anything to show. */
export function TracePlace() {
  return (
    <span class="trace place" aria-hidden="true">
      Timing
    </span>
  );
}

function Stages({ search, chart }: { search: SearchProgress; chart: Waterfall }) {
  const { formats } = useSurroundings();
  const counts = COUNTS.filter(([name]) => search.trace[name] !== undefined);
  return (
    <>
      <div class="trace-sums">
        <section aria-labelledby="trace-seen">
          <h2 id="trace-seen">{chart.seen ? "Seen on the screen after" : "Sent to the screens after"}</h2>
          <Sums of={chart.milestones.map(({ label, at }) => [label, duration(at)])} />
        </section>
        {counts.length > 0 && (
          <section aria-labelledby="trace-counts">
            <h2 id="trace-counts">It took</h2>
            <Sums of={counts.map(([name, label]) => [label, formats.count(search.trace[name] ?? 0)])} />
          </section>
        )}
      </div>
      <table class="stages">
        <caption class="visually-hidden">Stages of the search, in milliseconds since the command</caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col" class="axis">
              {chart.ticks.map(({ at, left }) => (
                <i key={at} class={left > LAST_LABEL ? "last" : ""} style={{ left: `${left}%` }}>
                  {at === 0 ? "0" : duration(at)}
                </i>
              ))}
            </th>
            <th scope="col" class="number">
              Began
            </th>
            <th scope="col" class="number">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {chart.rows.map((row) => (
            <Stage key={row.stage} row={row} chart={chart} />
          ))}
        </tbody>
      </table>
      <p class="legend">
        {Object.entries(PLACES).map(([place, label]) => (
          <span key={place} class={place}>
            {label}
          </span>
        ))}
      </p>
      <p class="quiet">Parts that run side by side are added up.</p>
    </>
  );
}

function Sums({ of }: { of: readonly (readonly [string, string])[] }) {
  return (
    <dl class="milestones">
      {of.map(([label, text]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Stage({ row, chart }: { row: StageRow; chart: Waterfall }) {
  const began = Math.min(...row.segments.map((segment) => segment.from));
  return (
    <tr class={row.place}>
      <th scope="row">
        {row.label}
        {row.parts > 1 && <span class="quiet"> × {row.parts}</span>}
      </th>
      <td class="track">
        {chart.ticks.map(({ at, left }) => (
          <i key={at} style={{ left: `${left}%` }} />
        ))}
        {row.segments.map(({ left, width, from, to, of }) => (
          <span key={`${of}${from}`} title={segmentText(from, to, of)} style={{ left: `${left}%`, width: `${width}%` }}>
            <span class="visually-hidden">{segmentText(from, to, of)}</span>
          </span>
        ))}
      </td>
      <td class="number quiet">{duration(began)}</td>
      <td class="number">{took(row.took)}</td>
    </tr>
  );
}

function segmentText(from: number, to: number, of: string): string {
  return `${of} from ${duration(from)} to ${duration(to)}`.trim();
}

/** Short stages keep a decimal: most take less than a few milliseconds. */
function took(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : duration(milliseconds);
}
