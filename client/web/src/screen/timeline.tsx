import { fieldLabel } from "../deal/fields";
import type { DealSession } from "../deal/session";
import type { Change } from "../deal/state";
import { describeValue } from "../deal/values";
import { useSurroundings } from "./app";

/** Who changed what and when, newest first, since this page joined. */
export function Timeline({ session }: { session: DealSession }) {
  const changes = session.model.value?.timeline ?? [];
  return (
    <section class="timeline" aria-label="Changes since you joined">
      <h2>Changes</h2>
      {changes.length === 0
        ? <p class="quiet">Edits by everyone on this deal appear here.</p>
        : <ol>{changes.map((change) => <Entry key={change.version} change={change} />)}</ol>}
    </section>
  );
}

function Entry({ change }: { change: Change }) {
  const { formats } = useSurroundings();
  return (
    <li>
      <time dateTime={change.at}>{formats.time(change.at)}</time>
      <strong>{change.by.name}</strong>
      {change.changes.map(({ field, before, after }) => (
        <span key={field} class="change">
          {fieldLabel(field)} <span class="quiet">{describeValue(field, before, formats)} →</span> {describeValue(field, after, formats)}
        </span>
      ))}
    </li>
  );
}
