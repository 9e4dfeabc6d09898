import { useSignal } from "@preact/signals";
import { possibleSteps } from "../../deal/desk/steps";
import { newFigures, paymentText, seen } from "../../deal/model/figures";
import type { Fallen } from "../../deal/model/state";
import { reasonText, STEP_WORDS } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import type { AgreedFigures, Proposal } from "../../wire";
import { useLayer } from "../focus/layers";
import { FigureChanges } from "../parts/agreed";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";
import { ProposedFigures } from "./proposed-figures";

/** Why the deal went back to work: what was agreed, what it is now, and that it must be submitted again. */
export function FallenNote({ fallen }: { fallen: Fallen }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and is read by keys
    <section class="fallen-bar" aria-label="Agreed figures changed" tabIndex={0}>
      <b>Submit again:</b> <span>{fallen.reason ? reasonText(fallen.reason) : "The agreed figures changed"}. </span>
      <FigureChanges change={fallen.figures} />
    </section>
  );
}

/** The desk's counter in one line, and over the page in full until the person closes it. */
export function ProposalNote({ session, proposal }: { session: DealSession; proposal: Proposal }) {
  const { formats } = useSurroundings();
  const deal = session.model.value?.deal;
  const user = session.user.value;
  const may = !!deal && !!user && possibleSteps(deal, user).includes("accept");
  // Each counter opens once, for whoever may accept it.
  const closed = useSignal<string | null>(may ? null : proposal.at);
  const open = closed.value !== proposal.at;
  const close = () => (closed.value = proposal.at);
  useLayer(open, close);
  const proposed = proposal.figures.new;
  if (!proposed) return null;
  return (
    <div class="proposal-note">
      <p>
        <bdi>{proposal.by.name}</bdi> countered <q>{reasonText(proposal.reason)}</q>: {paymentText(proposed, formats)},{" "}
        {formats.dollars(proposed.cash_down_cents)} down
      </p>
      <button
        type="button"
        class={`button small ${may && !open ? "primary" : ""}`}
        aria-expanded={open}
        onClick={() => (closed.value = open ? proposal.at : null)}
      >
        {open ? "Hide the counter" : "Review the counter"}
      </button>
      {open && <Counter session={session} proposal={proposal} proposed={proposed} may={may} close={close} />}
    </div>
  );
}

interface CounterProps {
  session: DealSession;
  proposal: Proposal;
  proposed: AgreedFigures;
  may: boolean;
  close(): void;
}

/** The desk's counter beside the agreed figures: one click accepts it. */
function Counter({ session, proposal, proposed, may, close }: CounterProps) {
  const { desk } = session;
  const deal = session.model.value?.deal;
  const { figures, offer, by, reason } = proposal;
  if (!deal) return null;
  const trouble = desk.troubles.value.get("accept");
  const now = newFigures(trouble);
  const selected = deal.selected;
  const npv =
    offer.npv_cents !== undefined && selected?.npv_cents !== undefined ? offer.npv_cents - selected.npv_cents : null;
  const most = deal.structure.cash_down_max_cents;
  const over = typeof most === "number" && proposed.cash_down_cents > most;

  function accept(): void {
    if (!deal) return;
    const command = {
      type: "accept",
      version: deal.version,
      reason: "customer_agrees",
      figures: seen(proposed),
    } as const;
    desk.give("accept", command);
  }

  return (
    <section class="proposal-bar" aria-label="The desk's counter">
      <header>
        <h2>
          <bdi>{by.name}</bdi> counters: {reasonText(reason)}
        </h2>
        <button type="button" class="link" aria-label="Hide the desk's counter" onClick={close}>
          Hide
        </button>
      </header>
      <ProposedFigures old={figures.old} proposed={proposed} npv={npv} />
      {over && <span class="chip state-submitted">Over max cash</span>}
      {may && (
        <footer>
          <span class="quiet">Or change the terms and submit them, or answer with a note.</span>
          <button
            type="button"
            class="button primary"
            title={STEP_WORDS.accept.effect}
            disabled={desk.busy.value.has("accept")}
            onClick={accept}
          >
            Accept
          </button>
        </footer>
      )}
      {trouble && (
        <Trouble>
          {trouble.message}
          {now && <FigureChanges change={{ old: proposed, new: now }} />}
        </Trouble>
      )}
    </section>
  );
}
