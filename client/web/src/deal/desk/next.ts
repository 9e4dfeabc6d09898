// What a person does next with a deal: one step stands out, and what hinders it is said in words. Pure.
import type { User } from "../../wire";
import type { Deal } from "../model/fold";
import { isForward, obstacle, possibleSteps, type StepName } from "./steps";

export interface NextStep {
  /** The step that stands out; null if none does. */
  primary: StepName | null;
  /** Why the next step cannot be taken, or who takes it; null if there is nothing to say. */
  words: string | null;
}

/** Closed to work, but not for good. */
const REOPENED: readonly Deal["state"][] = ["declined", "lost"];

/** Returns the step to take next at the time `now`, and what stands in its way. */
export function nextStep(deal: Deal, user: User, now: number): NextStep {
  const steps = possibleSteps(deal, user);
  // The desk's counter is answered before anything else is sent.
  const next = steps.find((step) => step === "accept") ?? steps.find(isForward) ?? null;
  if (next) {
    const words = obstacle(next, deal, now);
    return { primary: words === null ? next : null, words };
  }
  const reopen = REOPENED.includes(deal.state) && steps.includes("reopen");
  return { primary: reopen ? "reopen" : null, words: reopen ? null : waitingFor(deal, user) };
}

/** Returns who has the next step, if this person has none. */
function waitingFor(deal: Deal, user: User): string | null {
  const seller = deal.salesperson;
  const own = seller?.id === user.id;
  switch (deal.state) {
    case "submitted":
      return own && user.rights.includes("approve")
        ? "Another manager decides on your own deal."
        : "Waiting for the desk.";
    case "working":
    case "countered":
      return own || !seller ? null : `With ${seller.name}.`;
    case "signed":
      return deal.fulfilment === "delivered" ? "Waiting for funding." : null;
    default:
      return null;
  }
}
