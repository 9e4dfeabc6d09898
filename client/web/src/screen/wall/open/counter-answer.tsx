import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { counterReason, sameFigures } from "../../../deal/desk/answering";
import type { CounterAsked, DeskCommand } from "../../../deal/desk/desk";
import { reasonsOf } from "../../../deal/desk/steps";
import { newFigures, seen } from "../../../deal/model/figures";
import { reasonText } from "../../../deal/model/words";
import type { AgreedFigures, Reason } from "../../../wire";
import { CounterForm } from "../../desk/counter-form";
import { FigureChanges } from "../../parts/agreed";
import { useSaid } from "../../parts/announced";
import type { Answering } from "./answers";
import { Key } from "./key";

const { ordinary: REASONS } = reasonsOf("counter");

/** A counter as it is typed, or begun with a cell of the payment grid; payment and NPV follow each key. */
export function CounterAnswer({ session, deal, stalled, back, done }: Answering) {
  const { desk } = session;
  const asked = useSignal<CounterAsked | null>(null);
  const named = useSignal<Reason | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const trouble = desk.troubles.value.get("counter");
  const current = newFigures(trouble) ?? deal.agreed ?? null;
  const saw = useSignal<AgreedFigures | null>(current);
  const moved = !sameFigures(saw.value, current);
  const offer = deal.selected;
  const { pick } = session.pencil.picture.value;
  const begun = JSON.stringify(pick);
  const reason = named.value ?? (offer && asked.value ? counterReason(asked.value.changes, offer) : REASONS[0]!);
  const busy = desk.busy.value.has("counter");
  useLayoutEffect(() => {
    const first = form.current?.querySelector<HTMLInputElement>("input");
    first?.focus();
    first?.select();
  }, [begun]);
  useEffect(() => () => desk.dismiss("counter"), []);

  useSaid(trouble?.message ?? stalled ?? "", "answer");

  function give(event: Event): void {
    event.preventDefault();
    if (!asked.value || busy || stalled || !current) return;
    saw.value = current;
    const about = { version: deal.version, reason, more_reasons: [], figures: seen(current) };
    desk.give("counter", { type: "counter", ...about, ...asked.value } as DeskCommand, () => done("Countered"));
  }

  return (
    <>
      <form
        ref={form}
        id="counter-answer"
        class="open-figures countering"
        aria-label="Counter the deal"
        onSubmit={give}
      >
        <CounterForm key={begun} session={session} asked={asked} />
      </form>
      <div class="answers">
        <p id="counter-words" class="answer-words">
          {moved && saw.value && <FigureChanges change={{ old: saw.value, new: current }} />}
          {trouble && <span class="trouble">{trouble.message}</span>}
          {stalled && <span class="trouble">{stalled}</span>}
        </p>
        <select
          aria-label="Reason"
          value={reason}
          onChange={(event) => (named.value = event.currentTarget.value as Reason)}
        >
          {REASONS.map((each) => (
            <option key={each} value={each}>
              {reasonText(each)}
            </option>
          ))}
        </select>
        <button type="button" class="button" onClick={back}>
          Cancel <Key>Esc</Key>
        </button>
        <button
          type="submit"
          form="counter-answer"
          class="button primary"
          aria-describedby="counter-words"
          disabled={busy || asked.value === null || stalled !== null}
        >
          Send counter <Key>Enter</Key>
        </button>
      </div>
    </>
  );
}
