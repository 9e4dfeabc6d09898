import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DeskCommand } from "../../deal/desk/desk";
import { picked, reasonsOf } from "../../deal/desk/steps";
import { LENDER_STATUSES, reasonText } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import { fieldRefusal, TIERS } from "../../deal/terms/fields";
import { parseMoney, parsePercent } from "../../text/parse";
import { type ErrorBody, LenderStatus, type Reason, Tier } from "../../wire";
import { useModal } from "../focus/modal";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";
import { LenderEffect, Own, useLenderEffect } from "./lender-effect";

const DAY_MS = 86_400_000;
const VALID_DAYS = 30;

/** The fields of the form by the names that the server has for them. */
const FIELDS: Record<string, string> = {
  lender: "lender",
  tier: "tier",
  rate_bp: "rate",
  advance_max_cents: "advance",
  term_months: "term",
  expires_at: "until",
  stipulations: "stipulations",
};

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
  const fault = useSignal<Fault | null>(null);
  const { desk } = session;
  const deal = session.model.value?.deal;
  const offer = deal?.selected;
  const form = useRef<HTMLFormElement>(null);
  const effect = useLenderEffect(session, form);
  const approves = status.value === "approved" || status.value === "conditional";
  const programme = effect.reply.value?.programme ?? null;
  const trouble = fault.value ?? faultOf(desk.troubles.value.get("lender"));
  const told = (name: string) => (trouble?.field === name ? trouble.message : null);
  const dayAfter = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  useModal(dialog);
  useEffect(() => () => desk.dismiss("lender"), []);
  useEffect(() => effect.look(), [status.value, session.truth.current.value]);

  function edited(): void {
    fault.value = null;
    desk.dismiss("lender");
    effect.look();
  }

  function complain(field: string, message: string): void {
    fault.value = { field, message };
    form.current?.querySelector<HTMLElement>(`[name="${field}"]`)?.focus();
  }

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
      if (!rate.ok || rate.value === null) {
        complain("rate", rate.ok ? "Enter a percentage, such as 6.49." : rate.message);
        return;
      }
      if (!advance.ok || advance.value === null) {
        complain("advance", advance.ok ? "Enter an amount, such as 28,000." : advance.message);
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
      <form ref={form} onSubmit={record} onInput={edited} onChange={edited}>
        <h2 id="lender-title">Lender callback</h2>
        <p class="quiet">The callback overrides the lender's programs for this deal and reprices the offer.</p>
        <div class="fields">
          <label class="field wide">
            <span class="label">Lender</span>
            <input name="lender" required defaultValue={lender} maxLength={64} />
            <Trouble inline>{told("lender")}</Trouble>
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
                      {TIERS[each]}
                    </option>
                  ))}
                </select>
                <Own>{programme && TIERS[programme.tier]}</Own>
                <Trouble inline>{told("tier")}</Trouble>
              </label>
              <label class="field">
                <span class="label">Buy rate, %</span>
                <input name="rate" required autoFocus inputMode="decimal" placeholder="6.49" />
                <Own>{programme && formats.percent(programme.buy_rate_bp)}</Own>
                <Trouble inline>{told("rate")}</Trouble>
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
                <Trouble inline>{told("advance")}</Trouble>
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
                <Trouble inline>{told("term")}</Trouble>
              </label>
              <label class="field wide">
                <span class="label">Good until</span>
                <input name="until" type="date" required min={dayAfter(0)} defaultValue={dayAfter(VALID_DAYS)} />
                <Trouble inline>{told("until")}</Trouble>
              </label>
              <label class="field wide">
                <span class="label">Stips, one per line</span>
                <textarea name="stipulations" rows={3} maxLength={2000} />
                <Trouble inline>{told("stipulations")}</Trouble>
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
        <footer>
          <Trouble>{trouble?.field === null && trouble.message}</Trouble>
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

/** What is wrong: with a field of the form, or (null) with the whole. */
interface Fault {
  field: string | null;
  message: string;
}

function faultOf(error: ErrorBody | undefined): Fault | null {
  if (!error) return null;
  const { field } = error.detail;
  const known = typeof field === "string" ? FIELDS[field.replace(/\[.*$/, "")] : undefined;
  if (!known) return { field: null, message: error.message };
  return { field: known, message: fieldRefusal(error) };
}
