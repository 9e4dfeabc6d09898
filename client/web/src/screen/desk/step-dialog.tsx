import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { CounterAsked, DeskCommand } from "../../deal/desk/desk";
import { picked, reasonsOf, type StepName } from "../../deal/desk/steps";
import { figuresOf, newFigures, seen } from "../../deal/model/figures";
import type { Deal } from "../../deal/model/fold";
import { reasonText, STEP_WORDS } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import { lacksAppraisal } from "../../deal/terms/trades";
import { type AgreedFigures, MAX_REASONS, type Reason } from "../../wire";
import { useModal } from "../focus/modal";
import { AgreedFacts, FigureChanges } from "../parts/agreed";
import { Announced } from "../parts/announced";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";

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
  const { desk } = session;
  const CounterForm = useSurroundings().managers?.value.deal?.CounterForm;
  const deal = session.model.value?.deal;
  const only = ordinary.length + credit.length === 1 ? [...ordinary, ...credit] : [];
  const chosen = useSignal<readonly Reason[]>(step === "fund" && deal ? [payerOf(deal)] : only);
  const trouble = desk.troubles.value.get(step);
  const busy = desk.busy.value.has(step);
  const words = STEP_WORDS[step];
  const counter = useSignal<CounterAsked | null>(null);
  const countering = step === "counter";
  const fresh = newFigures(trouble);
  // What the dialog opened with stays, also if somebody took the step meanwhile.
  const known = useRef<AgreedFigures | null>(null);
  known.current = fresh ?? figuresAbout(step, deal) ?? known.current;
  const about = known.current;

  useModal(dialog);
  useEffect(() => () => desk.dismiss(step), []);

  function take(event: Event): void {
    event.preventDefault();
    const [reason, ...more] = chosen.value;
    if (!deal || !reason || busy) return;
    const asked = countering ? counter.value : {};
    if (!asked) return;
    const figures = about ? { figures: seen(about) } : {};
    const base = { type: step, version: deal.version, reason, more_reasons: more };
    const command = { ...base, ...asked, ...figures } as DeskCommand;
    desk.give(step, command, () => (desk.opened.value = null));
  }

  return (
    <dialog
      ref={dialog}
      class="step-dialog"
      aria-labelledby="step-title"
      aria-describedby="step-effect step-figures"
      onClose={() => (desk.opened.value = null)}
    >
      <form onSubmit={take}>
        <h2 id="step-title">{words.title}</h2>
        <p id="step-effect" class="quiet">
          {words.effect}
        </p>
        {step === "approve" && deal && lacksAppraisal(deal.structure) && (
          <p class="hint warn">
            The trade is not appraised: its allowance counts as its value, and what is given away on it is not known.
          </p>
        )}
        <div id="step-figures">
          {about && (
            <AgreedFacts
              figures={about}
              car={session.carName(about.vehicle_id)}
              title={fresh ? "New figures" : step === "submit" ? "You submit" : "Agreed figures"}
            />
          )}
        </div>
        {countering && CounterForm && <CounterForm session={session} asked={counter} />}
        {countering && !CounterForm && <p class="hint">Loading. If the form does not appear, reload the page.</p>}
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
        <Announced />
        {/* Whatever comes late has its place beside the buttons. */}
        <footer>
          {trouble ? (
            <Trouble>
              {trouble.message}
              {fresh && about && deal && <Changed step={step} session={session} now={fresh} />}
            </Trouble>
          ) : (
            <p class="quiet">
              {session.truth.whyNot.value ??
                (step === "submit" && deal?.selected_outdated
                  ? "The terms changed after this price. The offer is priced again: confirm the new figures then."
                  : "")}
            </p>
          )}
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class="button primary"
            disabled={
              chosen.value.length === 0 ||
              busy ||
              session.truth.whyNot.value !== null ||
              (countering && counter.value === null)
            }
          >
            {words.verb}
          </button>
        </footer>
      </form>
    </dialog>
  );
}

/** Who pays the dealer: the lender, or the customer of a cash deal. */
function payerOf({ selected }: Deal): Reason {
  return selected?.cash ? "customer_paid" : "lender_paid";
}

/** Returns the figures that a step is about; null for a step about something else. */
function figuresAbout(step: StepName, deal: Deal | undefined): AgreedFigures | null {
  if (step === "submit") return deal?.selected ? figuresOf(deal.selected) : null;
  return step === "counter" || step === "approve" || step === "sign" ? (deal?.agreed ?? null) : null;
}

/** What the server has in place of the figures that this person saw. */
function Changed({ step, session, now }: { step: StepName; session: DealSession; now: AgreedFigures }) {
  const old = figuresAbout(step, session.model.value?.deal);
  return (
    old && (
      <span class="visually-hidden">
        <FigureChanges change={{ old, new: now }} />
      </span>
    )
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
