import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { picked, reasonsOf } from "../../../deal/desk/steps";
import { reasonText } from "../../../deal/model/words";
import { MAX_REASONS, type Reason } from "../../../wire";
import { useSaid } from "../../parts/announced";
import type { Answering } from "./answers";
import { Key } from "./key";

const { ordinary, credit } = reasonsOf("decline");

/** Declines a deal for one reason of the desk, or for up to four principal reasons of credit. */
export function DeclineAnswer({ session, deal, stalled, back, done }: Answering) {
  const { desk } = session;
  const chosen = useSignal<readonly Reason[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const trouble = desk.troubles.value.get("decline");
  const busy = desk.busy.value.has("decline");
  useLayoutEffect(() => {
    form.current?.querySelector<HTMLInputElement>("input")?.focus();
    return () => desk.dismiss("decline");
  }, []);

  useSaid(trouble?.message ?? stalled ?? "", "answer");

  function give(event: Event): void {
    event.preventDefault();
    const [reason, ...more] = chosen.value;
    if (!reason || busy || stalled) return;
    desk.give("decline", { type: "decline", version: deal.version, reason, more_reasons: more }, () =>
      done("Declined"),
    );
  }

  const choice = (reason: Reason, many: boolean) => (
    <label key={reason}>
      <input
        type={many ? "checkbox" : "radio"}
        name={many ? undefined : "decline-reason"}
        checked={chosen.value.includes(reason)}
        onChange={() => (chosen.value = picked(chosen.value, reason))}
      />
      {reasonText(reason)}
    </label>
  );
  return (
    <>
      <form ref={form} id="decline-answer" class="open-figures declining" aria-label="Decline the deal" onSubmit={give}>
        <fieldset class="reasons">
          <legend>Reason</legend>
          {ordinary.map((reason) => choice(reason, false))}
        </fieldset>
        <fieldset class="reasons">
          <legend>Credit: up to {MAX_REASONS} principal reasons</legend>
          {credit.map((reason) => choice(reason, true))}
        </fieldset>
      </form>
      <div class="answers">
        <p id="decline-words" class="answer-words">
          {chosen.value.length === 0 && <span class="quiet">Choose a reason.</span>}
          {trouble && <span class="trouble">{trouble.message}</span>}
          {stalled && <span class="trouble">{stalled}</span>}
        </p>
        <button type="button" class="button" onClick={back}>
          Cancel <Key>Esc</Key>
        </button>
        <button
          type="submit"
          form="decline-answer"
          class="button primary"
          aria-describedby="decline-words"
          disabled={busy || chosen.value.length === 0 || stalled !== null}
        >
          Decline <Key>Enter</Key>
        </button>
      </div>
    </>
  );
}
