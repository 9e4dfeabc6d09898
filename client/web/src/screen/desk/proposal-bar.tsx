import { possibleSteps } from "../../deal/desk/steps";
import { newFigures, seen } from "../../deal/model/figures";
import { reasonText, STEP_WORDS } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import type { Proposal } from "../../wire";
import { AgreedFacts, FigureChanges } from "../parts/agreed";
import { useSurroundings } from "../parts/surroundings";

/** Why the deal went back to work: what was agreed, what it is now, and that it must be submitted again. */
export function FallenBar({ session }: { session: DealSession }) {
  const fallen = session.model.value?.fallen;
  if (!fallen) return null;
  return (
    <section class="fallen-bar" role="status" aria-label="Agreed figures changed">
      <b>The agreed figures changed.</b>
      {fallen.reason && <span>{reasonText(fallen.reason)}.</span>}
      <FigureChanges change={fallen.figures} />
      <span class="quiet">Review the deal and submit it again.</span>
    </section>
  );
}

/** The desk's counter beside the agreed figures: one click accepts it. */
export function ProposalBar({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  const user = session.user.value;
  if (!deal?.proposal || !user) return null;
  return <Counter session={session} proposal={deal.proposal} may={possibleSteps(deal, user).includes("accept")} />;
}

interface CounterProps {
  session: DealSession;
  proposal: Proposal;
  may: boolean;
}

function Counter({ session, proposal, may }: CounterProps) {
  const { formats } = useSurroundings();
  const { desk } = session;
  const deal = session.model.value?.deal;
  const { figures, offer, by, reason } = proposal;
  const proposed = figures.new;
  if (!deal || !proposed) return null;
  const trouble = desk.troubles.value.get("accept");
  const now = newFigures(trouble);
  const selected = deal.selected;
  const npv =
    offer.npv_cents !== undefined && selected?.npv_cents !== undefined ? offer.npv_cents - selected.npv_cents : null;
  const most = deal.structure.cash_down_max_cents;
  const over = typeof most === "number" && proposed.cash_down_cents > most;

  function accept(): void {
    if (!deal || !proposed) return;
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
      <h2 class="visually-hidden">The desk's counter</h2>
      <AgreedFacts figures={figures.old} title="Submitted" />
      <AgreedFacts figures={proposed} title="The desk proposes" />
      <div class="proposal-words">
        <p>
          <bdi>{by.name}</bdi> countered: {reasonText(reason)}
        </p>
        <p>
          <FigureChanges change={figures} />
        </p>
        {npv !== null && (
          <p class="quiet">Change in NPV {npv > 0 ? `+${formats.dollars(npv)}` : formats.dollars(npv)}</p>
        )}
        {over && <span class="chip state-submitted">Over max cash</span>}
        {trouble && (
          <p class="trouble" role="alert">
            {trouble.message}
            {now && <FigureChanges change={{ old: proposed, new: now }} />}
          </p>
        )}
        {may && (
          <p class="buttons">
            <button
              type="button"
              class="button primary"
              title={STEP_WORDS.accept.effect}
              disabled={desk.busy.value.has("accept")}
              onClick={accept}
            >
              Accept
            </button>
            <span class="quiet">or change the terms and submit them, or answer with a note.</span>
          </p>
        )}
      </div>
    </section>
  );
}
