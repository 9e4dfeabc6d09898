import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DeskCommand } from "../../deal/desk/desk";
import { picked, reasonsOf, type StepName } from "../../deal/desk/steps";
import { reasonText, STEP_WORDS } from "../../deal/model/words";
import { dealChanges } from "../../deal/pencil/pencil";
import type { DealSession } from "../../deal/session";
import { lacksAppraisal } from "../../deal/terms/trades";
import { MAX_REASONS, type Reason, type StructureChanges } from "../../wire";
import { useSurroundings } from "../parts/surroundings";

/** The dialog that is open, if any. */
export function DeskDialogs({ session }: { session: DealSession }) {
  const opened = session.desk.opened.value;
  if (opened?.kind !== "step") return null;
  return <StepDialog key={opened.step} session={session} step={opened.step} />;
}

/** One step: its effect, its reason, and why it was refused. */
function StepDialog({ session, step }: { session: DealSession; step: StepName }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { ordinary, credit } = reasonsOf(step);
  const chosen = useSignal<readonly Reason[]>(ordinary.length + credit.length === 1 ? [...ordinary, ...credit] : []);
  const { desk } = session;
  const deal = session.model.value?.deal;
  const trouble = desk.troubles.value.get(step);
  const busy = desk.busy.value.has(step);
  const words = STEP_WORDS[step];
  const countering = step === "counter";

  useEffect(() => {
    dialog.current?.showModal();
    return () => desk.dismiss(step);
  }, []);

  function take(event: Event): void {
    event.preventDefault();
    const [reason, ...more] = chosen.value;
    if (!deal || !reason || busy) return;
    const changes = countering ? { changes: counterChanges(session) } : {};
    const command = { type: step, version: deal.version, reason, more_reasons: more, ...changes } as DeskCommand;
    desk.give(step, command, () => (desk.opened.value = null));
  }

  return (
    <dialog ref={dialog} class="step-dialog" aria-labelledby="step-title" onClose={() => (desk.opened.value = null)}>
      <form onSubmit={take}>
        <h2 id="step-title">{words.title}</h2>
        <p class="quiet">{words.effect}</p>
        {countering && <CounterTerms session={session} />}
        {step === "approve" && deal && lacksAppraisal(deal.structure) && (
          <p class="hint warn">
            The trade is not appraised: its allowance counts as its value, and what is given away on it is not known.
          </p>
        )}
        <Reasons
          title="Reason"
          reasons={ordinary}
          chosen={chosen.value}
          pick={(reason) => (chosen.value = picked(chosen.value, reason))}
        />
        {credit.length > 0 && (
          <Reasons
            title={`Credit: up to ${MAX_REASONS} principal reasons`}
            reasons={credit}
            chosen={chosen.value}
            many
            pick={(reason) => (chosen.value = picked(chosen.value, reason))}
          />
        )}
        {trouble && (
          <p class="trouble" role="alert">
            {trouble.message}
          </p>
        )}
        <footer>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={chosen.value.length === 0 || busy}>
            {words.verb}
          </button>
        </footer>
      </form>
    </dialog>
  );
}

interface ReasonsProps {
  title: string;
  reasons: readonly Reason[];
  chosen: readonly Reason[];
  many?: boolean;
  pick(reason: Reason): void;
}

function Reasons({ title, reasons, chosen, many = false, pick }: ReasonsProps) {
  if (reasons.length === 0) return null;
  return (
    <fieldset class="reasons">
      <legend>{title}</legend>
      {reasons.map((reason) => (
        <label key={reason}>
          <input
            type={many ? "checkbox" : "radio"}
            name={many ? undefined : "reason"}
            checked={chosen.includes(reason)}
            onChange={() => pick(reason)}
          />
          {reasonText(reason)}
        </label>
      ))}
    </fieldset>
  );
}

/** The deal is countered with the manager's pick of the offered car; without one, its terms stay. */
function counterChanges(session: DealSession): StructureChanges {
  const { pick, vehicleId } = session.pencil.picture.value;
  const offered = session.model.value?.deal.selected?.vehicle_id;
  return pick && vehicleId === offered ? dealChanges(pick) : {};
}

/** Payment and NPV of the submitted offer next to those of the counter. */
function CounterTerms({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const { pick, vehicleId, quote, asking } = session.pencil.picture.value;
  const offer = session.model.value?.deal.selected;
  if (!offer) return null;
  if (!pick || vehicleId !== offer.vehicle_id || !quote || asking || quote.payment_cents === undefined) {
    return (
      <p class="hint">
        The terms stay the same. To counter with other terms, choose a cell in the car's payment grid first.
      </p>
    );
  }
  const payment = quote.payment_cents - offer.payment_cents;
  const npv =
    quote.value?.npv_cents !== undefined && offer.npv_cents !== undefined
      ? quote.value.npv_cents - offer.npv_cents
      : null;
  return (
    <dl class="facts counter-terms">
      <div>
        <dt>Submitted</dt>
        <dd>
          {formats.cents(offer.payment_cents)} × {offer.term_months}
        </dd>
      </div>
      <div>
        <dt>Your counter</dt>
        <dd>
          <b>
            {formats.cents(quote.payment_cents)} × {quote.term_months}
          </b>
        </dd>
      </div>
      <div>
        <dt>Payment</dt>
        <dd>{signed(payment, formats.cents)}</dd>
      </div>
      {npv !== null && (
        <div>
          <dt>NPV</dt>
          <dd class={npv < 0 ? "negative" : ""}>{signed(npv, formats.dollars)}</dd>
        </div>
      )}
    </dl>
  );
}

function signed(cents: number, format: (cents: number) => string): string {
  return cents > 0 ? `+${format(cents)}` : format(cents);
}
