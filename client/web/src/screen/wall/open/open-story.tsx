import { type Entry, story } from "../../../deal/model/timeline";
import { reasonText } from "../../../deal/model/words";
import type { DealSession } from "../../../deal/session";
import { describeValue } from "../../../deal/terms/values";
import type { Summary } from "../../../wall/fold";
import { CustomerLine } from "../../desk/customer-facts";
import { NoteInput } from "../../desk/activity/note-input";
import { Papers } from "../../desk/papers";
import { FigureChanges } from "../../parts/agreed";
import { useSurroundings } from "../../parts/surroundings";

const LATEST = 4;

/** The customer, why the deal is here, what must still be done about it, and what happened last. */
export function OpenStory({ session, deal }: { session: DealSession; deal: Summary }) {
  const model = session.model.value;
  if (!model) return <div class="open-story" aria-busy={true} />;
  const latest = story(model.timeline, model.deal.notes ?? []).slice(0, LATEST);
  return (
    <div class="open-story">
      <section aria-label="Customer">
        <h3>
          <bdi>{deal.customer}</bdi>
        </h3>
        <CustomerLine session={session} />
        <p>{deal.last_reason && reasonText(deal.last_reason)}</p>
        <p class="quiet">{deal.reason_by && <bdi>{deal.reason_by}</bdi>}</p>
      </section>
      <section aria-label="Last activity">
        <h3>Last activity</h3>
        <ol class="latest">
          {/* Four places: a new line changes their texts, and moves none. */}
          {Array.from({ length: LATEST }, (_, place) => (
            <li key={place}>{latest[place] && <Told entry={latest[place]} />}</li>
          ))}
        </ol>
        <NoteInput session={session} />
      </section>
      <Papers session={session} />
    </div>
  );
}

/** What somebody did, in two lines. */
function Told({ entry: { at, by, what, why, figures, changes } }: { entry: Entry }) {
  const { formats } = useSurroundings();
  return (
    <>
      <time dateTime={at} class="quiet">
        {formats.clock(at)}
      </time>{" "}
      {by !== null && <bdi>{by}</bdi>} <bdi>{what(formats)}</bdi>
      {why !== null && <span class="quiet"> · {why}</span>} {figures && <FigureChanges change={figures} />}
      {changes.map(({ field, label, before, after }) => (
        <span key={field} class="change">
          {label} {describeValue(field, before, formats)} → {describeValue(field, after, formats)}
        </span>
      ))}
    </>
  );
}
