import type { ComponentChildren } from "preact";
import { mayAssign } from "../../../deal/desk/assigning";
import { isForward, isOpen, obstacle, possibleSteps, type StepName } from "../../../deal/desk/steps";
import { figuresOf, paymentText } from "../../../deal/model/figures";
import type { Deal } from "../../../deal/model/fold";
import { reasonText, STATES, STEP_WORDS } from "../../../deal/model/words";
import type { DealSession } from "../../../deal/session";
import type { Summary } from "../../../wall/fold";
import type { Mode, Opened } from "../../../wall/opening";
import type { User } from "../../../wire";
import { FigureChanges } from "../../parts/agreed";
import { useSaid } from "../../parts/announced";
import { useSurroundings } from "../../parts/surroundings";
import { focusRow } from "../wall-keys";
import type { WallView } from "../wall-view";
import { ApproveAnswer } from "./approve-answer";
import { AssignAnswer } from "./assign-answer";
import { CounterAnswer } from "./counter-answer";
import { DeclineAnswer } from "./decline-answer";
import { Key } from "./key";
import { LockAnswer } from "./lock-answer";
import { OpenFigures } from "./open-figures";

interface Props {
  session: DealSession;
  deal: Summary;
  opened: Opened;
  view: WallView;
  /** The way to the whole deal. */
  look: ComponentChildren;
}

/** What an answer needs: the deal as it is, and how to end. */
export interface Answering {
  session: DealSession;
  user: User;
  deal: Deal;
  /** Why nothing can be sent now; null: it can. */
  stalled: string | null;
  /** Goes back to looking at the deal. */
  back(): void;
  /** The answer was taken: on to the next deal. */
  done(words: string): void;
  /** Something was done to the deal, which stays open. */
  stays(words: string): void;
}

/** What the step buttons of the desk are called by the keyboard. */
const KEYS: Partial<Record<StepName, string>> = { approve: "A", counter: "C", decline: "D" };
const ON_THE_WALL: readonly StepName[] = ["decline", "counter", "approve"];

/** The figures of the open row, and the bar with the desk's answers, or the one that is being given. */
export function Answers(props: Props) {
  const { session, deal, opened, view } = props;
  const answering = useAnswering(props);
  const steps = answering ? possibleSteps(answering.deal, answering.user) : [];
  const { mode } = opened;
  useOpenedSaid(answering, deal, mode);
  if (answering && mode === "counter" && steps.includes("counter")) return <CounterAnswer {...answering} />;
  if (answering && mode === "decline" && steps.includes("decline")) return <DeclineAnswer {...answering} />;
  return (
    <>
      <OpenFigures session={session} deal={deal} />
      {answering && mode === "approve" && steps.includes("approve") ? (
        <ApproveAnswer {...answering} />
      ) : answering && mode === "lock" && mayLock(answering) ? (
        <LockAnswer {...answering} />
      ) : answering && mode === "assign" && mayAssign(answering.deal, answering.user) ? (
        <AssignAnswer {...answering} />
      ) : (
        <div class="answers">
          {props.look}
          {answering && <QuietSteps answering={answering} steps={steps} opened={opened} view={view} />}
          <div class="quiet answer-words">
            {answering ? <Words answering={answering} deal={deal} mode={mode} /> : "Opening the deal…"}
          </div>
          {answering && <Steps answering={answering} steps={steps} opened={opened} view={view} />}
        </div>
      )}
    </>
  );
}

function useAnswering({ session, deal, opened, view }: Props): Answering | null {
  const served = session.model.value?.deal;
  const user = session.user.value;
  if (!served || !user) return null;
  const back = () => {
    view.opened.value = { ...opened, mode: "look" };
  };
  const end = (words: string, stays: boolean) => {
    view.announcer.say(`${words}: ${deal.customer}`);
    const next = view.proceed(opened, stays);
    if (next !== undefined) focusRow(next);
  };
  return {
    session,
    user,
    deal: served,
    stalled: session.truth.whyNot.value,
    back,
    stays: (words) => end(words, true),
    done: (words) => end(words, false),
  };
}

/** Says what the open deal is about, once it is here, and later why the desk cannot answer. */
function useOpenedSaid(answering: Answering | null, deal: Summary, mode: Mode): void {
  const { formats } = useSurroundings();
  const served = answering?.deal;
  const figures = served ? (served.agreed ?? (served.selected && figuresOf(served.selected))) : null;
  const npv = served?.selected?.npv_cents;
  const worth = npv === undefined ? "" : `, NPV ${formats.dollars(npv)}`;
  const about = figures ? `${deal.customer}: ${paymentText(figures, formats)}${worth}` : "";
  useSaid(mode === "look" ? about : "", "opened");
  const fallen = answering?.session.model.value?.fallen;
  const why = fallen ? "The agreed figures changed" : answering ? words(answering, deal, mode) : "";
  useSaid(why, "answer");
}

function mayLock({ session, deal }: Answering): boolean {
  return session.can("lock") && isOpen(deal);
}

/** Why the desk cannot answer, if it cannot: the deal was answered, or its figures changed. */
function Words({ answering, deal, mode }: { answering: Answering; deal: Summary; mode: Mode }) {
  const fallen = answering.session.model.value?.fallen;
  if (!fallen) return <>{words(answering, deal, mode)}</>;
  return (
    <>
      <b>The agreed figures changed.</b>
      {fallen.reason && <span>{reasonText(fallen.reason)}.</span>}
      <FigureChanges change={fallen.figures} />
    </>
  );
}

function words({ deal: served, user }: Answering, deal: Summary, mode: Mode): string {
  if (served.state !== "submitted") {
    const by = deal.reason_by ? ` by ${deal.reason_by}` : "";
    return mode === "look" ? "" : `Nothing to answer: ${STATES[served.state].toLowerCase()}${by}.`;
  }
  return served.salesperson?.id === user.id ? "You sell this deal: another manager answers it." : "";
}

interface StepsProps {
  answering: Answering;
  steps: StepName[];
  opened: Opened;
  view: WallView;
}

/**
 * Steps that are seldom taken stand at the left, where those of the desk come and go without moving them, and the lock,
 * which a signed deal has no longer, behind the assignment.
 */
function QuietSteps({ answering, steps, opened, view }: StepsProps) {
  const others = steps.filter((step) => !isForward(step) && !ON_THE_WALL.includes(step)).reverse();
  return (
    <>
      {mayAssign(answering.deal, answering.user) && (
        <button
          type="button"
          class="button"
          aria-keyshortcuts="s"
          onClick={() => (view.opened.value = { ...opened, mode: "assign" })}
        >
          Assign <Key>S</Key>
        </button>
      )}
      {mayLock(answering) && (
        <button
          type="button"
          class="button"
          aria-keyshortcuts="l"
          onClick={() => (view.opened.value = { ...opened, mode: "lock" })}
        >
          Lock <Key>L</Key>
        </button>
      )}
      {others.map((step) => (
        <button
          key={`${answering.deal.state} ${step}`}
          type="button"
          class="button quiet-step"
          onClick={() => (answering.session.desk.opened.value = { kind: "step", step })}
        >
          {STEP_WORDS[step].verb}
        </button>
      ))}
    </>
  );
}

function Steps({ answering: { session, deal }, steps, opened, view }: StepsProps) {
  const forward = steps.filter((step) => isForward(step) && step !== "accept" && !ON_THE_WALL.includes(step));
  const hindrances = forward.map((step) => obstacle(step, deal, view.now.value)).filter((each) => each !== null);
  return (
    <>
      {hindrances[0] && <span class="quiet">{hindrances[0]}</span>}
      {forward.map((step) => (
        <button
          key={step}
          type="button"
          class="button primary"
          disabled={obstacle(step, deal, view.now.value) !== null}
          onClick={() => (session.desk.opened.value = { kind: "step", step })}
        >
          {STEP_WORDS[step].verb}
        </button>
      ))}
      {ON_THE_WALL.filter((step) => steps.includes(step)).map((step) => (
        <button
          key={step}
          type="button"
          class={`button ${step === "approve" ? "primary" : ""}`}
          aria-keyshortcuts={KEYS[step]?.toLowerCase()}
          onClick={() => (view.opened.value = { ...opened, mode: step as Mode })}
        >
          {STEP_WORDS[step].verb} <Key>{KEYS[step]}</Key>
        </button>
      ))}
    </>
  );
}
