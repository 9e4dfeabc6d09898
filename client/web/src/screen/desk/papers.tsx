import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DeskCommand } from "../../deal/desk/desk";
import { picked, reasonsOf } from "../../deal/desk/steps";
import { taskText } from "../../deal/model/timeline";
import { LENDER_STATUSES, reasonText } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import { parseMoney, parsePercent } from "../../text/parse";
import { type DealTask, LenderStatus, type LenderTerms, type Reason, Tier } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { LenderEffect, Own, useLenderEffect } from "./lender-effect";

const DAY_MS = 86_400_000;
const VALID_DAYS = 30;

/** Lenders' decisions with their stipulations, and what must still be done. */
export function Papers({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  if (!deal || session.view.value === "customer" || !deal.lenders) return null;
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
      {decision.stipulations.map(({ id, text, cleared_by: by }) => (
        <label key={id} class="stipulation">
          <input
            type="checkbox"
            checked={by !== null}
            disabled={by !== null || !session.can("lender")}
            onChange={() => session.desk.give(`stipulation:${id}`, { type: "clear_stipulation", stipulation_id: id })}
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
      ))}
    </div>
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
      {trouble && (
        <p class="trouble" role="alert">
          {trouble.message}
        </p>
      )}
    </div>
  );
}

/** Records a lender's decision. The fields of an approval appear only for an approval. */
export function LenderDialog({ session }: { session: DealSession }) {
  const opened = session.desk.opened.value;
  if (opened?.kind !== "lender") return null;
  return <LenderForm session={session} lender={opened.lender ?? ""} />;
}

function LenderForm({ session, lender }: { session: DealSession; lender: string }) {
  const { formats } = useSurroundings();
  const dialog = useRef<HTMLDialogElement>(null);
  const status = useSignal<LenderStatus>("approved");
  const reasons = useSignal<readonly Reason[]>([]);
  const fault = useSignal<string | null>(null);
  const { desk } = session;
  const deal = session.model.value?.deal;
  const offer = deal?.selected;
  const form = useRef<HTMLFormElement>(null);
  const effect = useLenderEffect(session, form);
  const approves = status.value === "approved" || status.value === "conditional";
  const programme = effect.reply.value?.programme ?? null;
  const trouble = fault.value ?? desk.troubles.value.get("lender")?.message;
  const valid = new Date(Date.now() + VALID_DAYS * DAY_MS).toISOString().slice(0, 10);
  useEffect(() => {
    dialog.current?.showModal();
    effect.look();
    return () => desk.dismiss("lender");
  }, []);
  useEffect(() => effect.look(), [status.value]);

  function record(event: Event): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const base = {
      type: "lender_decision",
      version: deal?.version ?? 0,
      lender: text("lender"),
      status: status.value,
    } as const;
    let terms: object = { reasons: status.value === "declined" ? reasons.value : [] };
    if (approves) {
      const rate = parsePercent(text("rate"), formats);
      const advance = parseMoney(text("advance"), formats);
      if (!rate.ok || !advance.ok || rate.value === null || advance.value === null) {
        fault.value = "Rate: expected a percentage such as 6.49. Advance: expected an amount such as 28,000.";
        return;
      }
      terms = {
        tier: text("tier"),
        rate_bp: rate.value,
        advance_max_cents: advance.value,
        term_months: Number(text("term")),
        stipulations: text("stipulations")
          .split("\n")
          .map((line) => line.trim())
          .filter(Boolean),
        expires_at: `${text("until")}T23:59:59Z`,
      };
    }
    fault.value = null;
    desk.give("lender", { ...base, ...terms } as DeskCommand, () => (desk.opened.value = null));
  }

  return (
    <dialog ref={dialog} class="step-dialog" aria-labelledby="lender-title" onClose={() => (desk.opened.value = null)}>
      <form ref={form} onSubmit={record} onInput={effect.look} onChange={effect.look}>
        <h2 id="lender-title">Lender callback</h2>
        <p class="quiet">The callback overrides the lender's programs for this deal and reprices the offer.</p>
        <div class="fields">
          <label class="field wide">
            <span class="label">Lender</span>
            <input name="lender" required defaultValue={lender} maxLength={64} />
          </label>
          <label class="field wide">
            <span class="label">Decision</span>
            <select
              name="status"
              value={status.value}
              onChange={(event) => (status.value = event.currentTarget.value as LenderStatus)}
            >
              {LenderStatus.map((each) => (
                <option key={each} value={each}>
                  {LENDER_STATUSES[each]}
                </option>
              ))}
            </select>
          </label>
          {approves && (
            <>
              <label class="field">
                <span class="label">Tier</span>
                <select name="tier">
                  {Tier.map((each) => (
                    <option key={each} value={each} selected={each === (deal?.structure.tier ?? offer?.tier)}>
                      {each.replaceAll("_", " ")}
                    </option>
                  ))}
                </select>
                <Own>{programme?.tier.replaceAll("_", " ")}</Own>
              </label>
              <label class="field">
                <span class="label">Buy rate, %</span>
                <input name="rate" required inputMode="decimal" placeholder="6.49" />
                <Own>{programme && formats.percent(programme.buy_rate_bp)}</Own>
              </label>
              <label class="field">
                <span class="label">Max advance, $</span>
                <input
                  name="advance"
                  required
                  inputMode="decimal"
                  defaultValue={offer ? String(Math.ceil(offer.principal_cents / 100)) : ""}
                />
                <Own>{programme && formats.dollars(programme.amount_max_cents)}</Own>
              </label>
              <label class="field">
                <span class="label">Max term, months</span>
                <input
                  name="term"
                  type="number"
                  required
                  min={1}
                  max={120}
                  defaultValue={String(offer?.term_months ?? 72)}
                />
                <Own>{programme && `${programme.term_months} months`}</Own>
              </label>
              <label class="field wide">
                <span class="label">Good until</span>
                <input name="until" type="date" required defaultValue={valid} />
              </label>
              <label class="field wide">
                <span class="label">Stips, one per line</span>
                <textarea name="stipulations" rows={3} maxLength={2000} />
              </label>
            </>
          )}
        </div>
        {status.value === "declined" && (
          <fieldset class="reasons">
            <legend>Principal reasons</legend>
            {reasonsOf("decline").credit.map((reason) => (
              <label key={reason}>
                <input
                  type="checkbox"
                  checked={reasons.value.includes(reason)}
                  onChange={() => (reasons.value = picked(reasons.value, reason))}
                />
                {reasonText(reason)}
              </label>
            ))}
          </fieldset>
        )}
        <LenderEffect effect={effect.reply.value} />
        {trouble && (
          <p class="trouble" role="alert">
            {trouble}
          </p>
        )}
        <footer>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class="button primary"
            disabled={desk.busy.value.has("lender") || (status.value === "declined" && reasons.value.length === 0)}
          >
            Record
          </button>
        </footer>
      </form>
    </dialog>
  );
}
