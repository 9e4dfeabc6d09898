import { useSignal } from "@preact/signals";
import { type Entry, story } from "../../deal/model/timeline";
import type { DealSession } from "../../deal/session";
import { describeValue } from "../../deal/terms/values";
import { FigureChanges } from "../parts/agreed";
import { useSurroundings } from "../parts/surroundings";
import { NoteInput } from "./note-input";

/** As many entries as the strip shows at once. */
const AT_ONCE = 3;

/** Who did what, when and why, newest first: the deal's story, as far back as it was asked for. */
export function Timeline({ session }: { session: DealSession }) {
  const model = session.model.value;
  const entries = story(model?.timeline ?? [], model?.deal.notes ?? []);
  const whole = useSignal(false);
  return (
    <section class={`timeline ${whole.value ? "whole" : ""}`} aria-label="Activity">
      <header>
        <h2>Activity</h2>
        {entries.length > AT_ONCE && (
          <button type="button" class="link" aria-expanded={whole.value} onClick={() => (whole.value = !whole.value)}>
            {whole.value ? "Show less" : `Show ${entries.length}`}
          </button>
        )}
      </header>
      {entries.length === 0 ? (
        <p class="quiet">Everyone's activity on this deal appears here.</p>
      ) : (
        <ol>
          {entries.map((entry) => (
            <Line key={entry.key} entry={entry} />
          ))}
        </ol>
      )}
      {model?.more && (
        <button
          type="button"
          class="button small"
          disabled={session.story.asking.value}
          onClick={() => session.story.older()}
        >
          Older
        </button>
      )}
      <NoteInput session={session} />
    </section>
  );
}

function Line({ entry }: { entry: Entry }) {
  const { formats } = useSurroundings();
  const { at, by, tone, why, figures } = entry;
  const today = new Date(at).toDateString() === new Date().toDateString();
  const what = entry.what(formats);
  return (
    <li class={`told tone-${tone}`}>
      <time dateTime={at}>{today ? formats.time(at) : formats.moment(at)}</time>
      {by !== null && (
        <strong>
          <bdi>{by}</bdi>
        </strong>
      )}
      {what !== "" && <bdi class="what">{what}</bdi>}
      {why !== null && <span class="why quiet">{why}</span>}
      {figures !== null && <FigureChanges change={figures} />}
      {entry.changes.map(({ field, label, before, after }) => (
        <span key={field} class="change">
          <bdi>{label}</bdi> <span class="quiet">{describeValue(field, before, formats)} →</span>{" "}
          {describeValue(field, after, formats)}
        </span>
      ))}
    </li>
  );
}
