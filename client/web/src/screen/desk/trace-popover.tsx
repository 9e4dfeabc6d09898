import type { SearchProgress } from "../../deal/model/state";
import { duration } from "../../text/format";
import { useSurroundings } from "../parts/surroundings";

const STAGES: [string, string][] = [
  ["parse", "Read the request"],
  ["cache", "Find in memory"],
  ["pool_wait", "Wait for a database connection"],
  ["db_first_row", "First row"],
  ["db_total", "Read the stock"],
  ["screen", "Screen payments and limits"],
  ["publish", "Publish matches"],
  ["queue_wait", "Wait for a worker"],
  ["value", "Value"],
  ["push", "Push to screens"],
];
const COUNTS: [string, string][] = [
  ["queries", "Queries"],
  ["rows_read", "Rows read"],
  ["jobs", "Jobs"],
  ["cached", "Cars from memory"],
];

/** Where the time of the last search went: its trace, stage by stage. */
export function TracePopover({ search }: { search: SearchProgress }) {
  const { formats } = useSurroundings();
  const { trace } = search;
  const longest = Math.max(1, ...STAGES.map(([stage]) => trace[stage] ?? 0));
  const known = STAGES.filter(([stage]) => trace[stage] !== undefined);
  if (known.length === 0) return null;
  const first = search.began !== null && search.firstMatch !== null ? search.firstMatch - search.began : null;
  return (
    <details class="menu trace">
      <summary class="link">Where the time went</summary>
      <div class="menu-body">
        {first !== null && <p>First cars after {duration(first)}.</p>}
        <table>
          <tbody>
            {known.map(([stage, name]) => (
              <tr key={stage}>
                <th scope="row">{name}</th>
                <td class="bar">
                  <span style={{ width: `${(100 * (trace[stage] ?? 0)) / longest}%` }} />
                </td>
                <td class="number">{duration(trace[stage] ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="quiet">
          {COUNTS.filter(([name]) => trace[name] !== undefined)
            .map(([name, label]) => `${label} ${formats.count(trace[name] ?? 0)}`)
            .join(" · ")}
        </p>
        <p class="quiet">The times of parallel stages are added up.</p>
      </div>
    </details>
  );
}
