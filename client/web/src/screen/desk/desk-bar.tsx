import type { ComponentChildren } from "preact";
import { nextStep } from "../../deal/desk/next";
import { isForward, obstacle, possibleSteps, type StepName } from "../../deal/desk/steps";
import { lastReason } from "../../deal/model/activity";
import { story } from "../../deal/model/timeline";
import { STEP_WORDS } from "../../deal/model/words";
import type { DealSession } from "../../deal/session";
import type { User } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { DealOfferLine } from "./deal-offer-line";
import { FallenNote, ProposalNote } from "./proposal-bar";

interface Props {
  session: DealSession;
  /** What else can be done with the deal, such as presenting or printing it. */
  children?: ComponentChildren;
}

/** The deal on one line: its car and figures, the last reason, and the steps that this person may take. */
export function DeskBar({ session, children }: Props) {
  const deal = session.model.value?.deal;
  const user = session.user.value;
  return (
    <section class="desk-bar" aria-label="Desk" tabIndex={-1}>
      {deal && user && (
        <>
          <DealOfferLine offer={deal.selected} outdated={deal.selected_outdated === true} session={session} />
          <div class="deal-words">
            <Words session={session} />
          </div>
          <div class="deal-tools">{children}</div>
          <Steps session={session} user={user} />
        </>
      )}
    </section>
  );
}

/** What was said last about the deal: that its figures changed, what the desk proposes, or why it is where it is. */
function Words({ session }: { session: DealSession }) {
  const model = session.model.value;
  if (model?.fallen) return <FallenNote fallen={model.fallen} />;
  if (model?.deal.proposal) return <ProposalNote session={session} proposal={model.deal.proposal} />;
  return <LastReason session={session} />;
}

function LastReason({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const model = session.model.value;
  const last = lastReason(story(model?.timeline ?? [], []));
  if (!last) return null;
  return (
    <p class="last-reason" key={last.key}>
      <q>{last.why}</q>{" "}
      <span class="quiet">
        {last.by && <bdi>{last.by}</bdi>} {formats.clock(last.at)}
      </span>
    </p>
  );
}

/** One step stands out; one that cannot be taken says why beside it. */
function Steps({ session, user }: { session: DealSession; user: User }) {
  const deal = session.model.value!.deal;
  const now = Date.now();
  const { primary, words } = nextStep(deal, user, now);
  const steps = possibleSteps(deal, user).filter((step) => step !== "accept");
  // The step that stands out is the last one, at the end of the line and under the thumb.
  const ordered = [...steps].sort((a, b) => rank(a, primary) - rank(b, primary));
  return (
    // Other steps are other buttons: nothing moves from one place to another.
    <div class="steps" key={`${deal.state} ${deal.fulfilment}`}>
      <div class="buttons">
        {ordered.map((step) => {
          const hindrance = obstacle(step, deal, now);
          return (
            <button
              key={step}
              type="button"
              class={`button ${step === primary ? "primary" : ""}`}
              disabled={hindrance !== null}
              aria-describedby={hindrance === null ? undefined : "step-words"}
              title={hindrance ?? STEP_WORDS[step].effect}
              onClick={() => (session.desk.opened.value = { kind: "step", step })}
            >
              {STEP_WORDS[step].verb}
            </button>
          );
        })}
      </div>
      <p id="step-words" class="quiet">
        {words}
      </p>
    </div>
  );
}

/** Giving up stands first and away from the step that stands out. */
function rank(step: StepName, primary: StepName | null): number {
  if (step === primary) return 3;
  if (isForward(step)) return 2;
  return step === "lose" || step === "unwind" ? 0 : 1;
}
