import { story } from "../../../deal/model/timeline";
import { reasonText } from "../../../deal/model/words";
import type { DealSession } from "../../../deal/session";
import type { Summary } from "../../../wall/fold";
import { ActivityLine } from "../../desk/activity/activity-line";
import { NoteInput } from "../../desk/activity/note-input";
import { CustomerLine } from "../../desk/customer-facts";
import { Papers } from "../../desk/papers";

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
            <li key={place}>{latest[place] && <ActivityLine key={latest[place].key} entry={latest[place]} />}</li>
          ))}
        </ol>
        <NoteInput session={session} />
      </section>
      <Papers session={session} />
    </div>
  );
}
