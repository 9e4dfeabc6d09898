import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { sameFigures } from "../../../deal/desk/answering";
import { reasonsOf } from "../../../deal/desk/steps";
import { newFigures, paymentText, seen } from "../../../deal/model/figures";
import { reasonText } from "../../../deal/model/words";
import { lacksAppraisal } from "../../../deal/terms/trades";
import { briefLender } from "../../../text/readable";
import type { AgreedFigures, Reason } from "../../../wire";
import { FigureChanges } from "../../parts/agreed";
import { useSaid } from "../../parts/announced";
import { useSurroundings } from "../../parts/surroundings";
import type { Answering } from "./answers";
import { Key } from "./key";

const { ordinary: REASONS } = reasonsOf("approve");

/**
 * Approves what the manager saw, with one key. If the figures change before that, it says what changed and asks again.
 */
export function ApproveAnswer({ session, deal, stalled, back, done }: Answering) {
  const { formats } = useSurroundings();
  const { desk } = session;
  const trouble = desk.troubles.value.get("approve");
  const current = newFigures(trouble) ?? deal.agreed ?? null;
  const saw = useSignal<AgreedFigures | null>(current);
  const reason = useSignal<Reason>(REASONS[0]!);
  const approve = useRef<HTMLButtonElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const moved = !sameFigures(saw.value, current);
  const busy = desk.busy.value.has("approve");
  useLayoutEffect(() => {
    approve.current?.focus();
    return () => desk.dismiss("approve");
  }, []);
  // A key that is on its way must not approve what nobody has read.
  useLayoutEffect(() => {
    if (moved) cancel.current?.focus();
  }, [moved]);
  useSaid(moved ? "" : (trouble?.message ?? stalled ?? ""), "answer");
  if (!current || !saw.value) return null;

  function give(event: Event): void {
    event.preventDefault();
    if (busy || stalled || !current) return;
    saw.value = current;
    const about = { version: deal.version, reason: reason.value, more_reasons: [], figures: seen(current) };
    desk.give("approve", { type: "approve", ...about }, () => done("Approved"));
  }

  const { cash_down_cents: cash, rate_bp: rate, lender } = current;
  return (
    <form class="answers approving" aria-label="Approve the deal" onSubmit={give}>
      <p id="approving-words" class="answer-words">
        <b>
          {moved ? "New figures" : "You approve"}: {paymentText(current, formats)}
        </b>{" "}
        {current.kind !== "cash" && <span>{formats.cents(cash)} down</span>}{" "}
        {rate !== null && <span>{formats.percent(rate)}</span>} {lender && <bdi>{briefLender(lender)}</bdi>}
        {moved && <FigureChanges change={{ old: saw.value, new: current }} />}
        {trouble && <span class="trouble">{trouble.message}</span>}
        {stalled && <span class="trouble">{stalled}</span>}
        {lacksAppraisal(deal.structure) && <span class="beyond">The trade is not appraised.</span>}
      </p>
      <select
        aria-label="Reason"
        value={reason.value}
        onChange={(event) => (reason.value = event.currentTarget.value as Reason)}
      >
        {REASONS.map((each) => (
          <option key={each} value={each}>
            {reasonText(each)}
          </option>
        ))}
      </select>
      <button ref={cancel} type="button" class="button" aria-describedby="approving-words" onClick={back}>
        Cancel <Key>Esc</Key>
      </button>
      <button
        ref={approve}
        type="submit"
        class="button primary"
        aria-describedby="approving-words"
        disabled={busy || stalled !== null}
      >
        {moved ? "Approve the new figures" : "Approve"} <Key>Enter</Key>
      </button>
    </form>
  );
}
