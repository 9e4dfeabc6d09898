import { story } from "../../../deal/model/timeline";
import { reasonText } from "../../../deal/model/words";
import type { DealSession } from "../../../deal/session";
import { describeValue } from "../../../deal/terms/values";
import type { Summary } from "../../../wall/fold";
import { CustomerLine } from "../../desk/customer-facts";
import { NoteInput } from "../../desk/note-input";
import { Papers } from "../../desk/papers";
import { FigureChanges } from "../../parts/agreed";
import { useSurroundings } from "../../parts/surroundings";

const LATEST = 4;

/** The customer, why the deal is here, what must still be done about it, and what happened last. */
export function OpenStory({ session, deal }: { session: DealSession; deal: Summary }) {
  const { formats } = useSurroundings();
  const model = session.model.value;
  const latest = story(model?.timeline ?? [], model?.deal.notes ?? []).slice(0, LATEST);
  return (
    <div class="open-story">
      <section aria-label="Customer">
        <h3>
          <bdi>{deal.customer}</bdi>
        </h3>
        <CustomerLine session={session} />
        {deal.last_reason && (
          <p>
            {reasonText(deal.last_reason)}
            {deal.reason_by && (
              <span class="quiet">
                {" "}
                · <bdi>{deal.reason_by}</bdi>
              </span>
            )}
          </p>
        )}
      </section>
      <Papers session={session} />
      <section aria-label="Last activity">
        <h3>Last activity</h3>
        <ol class="latest">
          {latest.map(({ key, at, by, what, why, figures, changes }) => (
            <li key={key}>
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
            </li>
          ))}
        </ol>
        <NoteInput session={session} />
      </section>
    </div>
  );
}
