import type { Entry } from "../../../deal/model/timeline";
import { describeValue } from "../../../deal/terms/values";
import { initialsOf } from "../../../text/readable";
import { FigureChanges } from "../../parts/agreed";
import { useSurroundings } from "../../parts/surroundings";

/** One entry: when, who, what, why, and what changed; `brief` has initials for the name. */
export function ActivityLine({ entry, brief = false }: { entry: Entry; brief?: boolean }) {
  const { formats } = useSurroundings();
  const { at, by, tone, why, figures } = entry;
  const today = new Date(at).toDateString() === new Date().toDateString();
  const what = entry.what(formats);
  return (
    <div class={`told tone-${tone}`}>
      <time dateTime={at}>{today ? formats.clock(at) : formats.moment(at)}</time>
      {by !== null && (
        <strong title={brief ? by : undefined}>
          {brief && <span aria-hidden="true">{initialsOf(by)}</span>}
          <bdi class={brief ? "visually-hidden" : ""}>{by}</bdi>
        </strong>
      )}
      {what !== "" && <bdi class="what">{what}</bdi>}
      {why !== null && <q class="why quiet">{why}</q>}
      {figures !== null && <FigureChanges change={figures} />}
      {entry.changes.map(({ field, label, before, after }) => (
        <span key={field} class="change">
          <bdi>{label}</bdi> <span class="quiet">{describeValue(field, before, formats)} →</span>{" "}
          {describeValue(field, after, formats)}
        </span>
      ))}
    </div>
  );
}
