import { taskText } from "../../deal/model/timeline";
import { LENDER_STATUSES, reasonText } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import type { DealTask, LenderTerms } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";

/** Lenders' decisions with their stipulations, and what must still be done. */
export function Papers({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  if (!deal?.lenders) return null;
  const open = (deal.tasks ?? []).filter((task) => task.done_by === null);
  const lender = deal.selected?.lender ?? null;
  if (deal.lenders.length === 0 && open.length === 0 && !(lender && session.can("lender"))) return null;
  return (
    <section class="papers" aria-label="Lenders and tasks">
      <h3>Lenders</h3>
      {deal.lenders.length === 0 && <p class="quiet">No lender has decided yet.</p>}
      {deal.lenders.map((decision) => (
        <Decided key={decision.lender} decision={decision} session={session} />
      ))}
      {session.can("lender") && (
        <button
          type="button"
          class="button small"
          onClick={() => (session.desk.opened.value = { kind: "lender", lender })}
        >
          Enter lender callback
        </button>
      )}
      {open.map((task) => (
        <Task key={task.id} task={task} session={session} />
      ))}
    </section>
  );
}

function Decided({ decision, session }: { decision: LenderTerms; session: DealSession }) {
  const { formats } = useSurroundings();
  const {
    lender,
    status,
    rate_bp: rate,
    term_months: term,
    advance_max_cents: advance,
    expires_at: expires,
  } = decision;
  const over = expires !== null && Date.parse(expires) < Date.now();
  const terms = [
    rate != null && `buy rate ${formats.percent(rate)}`,
    term != null && `up to ${term} months`,
    advance != null && `advance ${formats.dollars(advance)}`,
  ]
    .filter(Boolean)
    .join(" · ");
  return (
    <div class="decided">
      <p>
        <b>
          <bdi>{lender}</bdi>
        </b>{" "}
        <span class={`chip ${status === "declined" || over ? "state-declined" : "state-approved"}`}>
          {over ? "Expired" : LENDER_STATUSES[status]}
        </span>
      </p>
      {terms && <p class="quiet">{terms}</p>}
      {expires !== null && !over && <p class="quiet">Good until {formats.moment(expires)}</p>}
      {decision.reasons.length > 0 && <p class="quiet">{formats.list(decision.reasons.map(reasonText))}</p>}
      {decision.stipulations.map((each) => (
        <Stip key={each.id} stip={each} session={session} />
      ))}
    </div>
  );
}

function Stip({ stip, session }: { stip: LenderTerms["stipulations"][number]; session: DealSession }) {
  const { id, text, cleared_by: by } = stip;
  const { desk } = session;
  const subject = `stipulation:${id}`;
  const busy = desk.busy.value.has(subject);
  const trouble = desk.troubles.value.get(subject);
  return (
    <>
      <label class="stipulation">
        <input
          type="checkbox"
          checked={by !== null || busy}
          disabled={by !== null || busy || !session.can("lender")}
          onChange={() => desk.give(subject, { type: "clear_stipulation", stipulation_id: id })}
        />
        <span class={by ? "quiet" : ""}>
          <bdi>{text}</bdi>
          {by && (
            <>
              {" "}
              · cleared by <bdi>{by.name}</bdi>
            </>
          )}
        </span>
      </label>
      <Trouble>{trouble?.message}</Trouble>
    </>
  );
}

function Task({ task, session }: { task: DealTask; session: DealSession }) {
  const { formats } = useSurroundings();
  const subject = `task:${task.id}`;
  const trouble = session.desk.troubles.value.get(subject);
  return (
    <div class="task">
      <p>
        <b>{taskText(task, session.model.value?.deal.structure ?? {})}</b>{" "}
        <span class="chip state-submitted">by {formats.day(task.due_on)}</span>
      </p>
      {task.reasons.length > 0 && <p class="quiet">{formats.list(task.reasons.map(reasonText))}</p>}
      {session.can("task") && (
        <button
          type="button"
          class="button small"
          disabled={session.desk.busy.value.has(subject)}
          onClick={() => session.desk.give(subject, { type: "finish_task", task_id: task.id })}
        >
          Done
        </button>
      )}
      <Trouble>{trouble?.message}</Trouble>
    </div>
  );
}
