// Which steps a person may take now, as the state machine of the wire and their rights say. Pure.

import { isolated } from "../../text/readable";
import {
  Action,
  Closing,
  CREDIT_REASONS,
  EDITABLE,
  MAX_REASONS,
  type Reason,
  SELECTABLE,
  STEPS,
  TRANSITIONS,
  type User,
} from "../../wire";
import type { Deal } from "../model/fold";

export type StepName = Action | Closing;

/** Steps that move a deal forward: the first one is the next. */
const FORWARD: readonly StepName[] = ["submit", "accept", "approve", "sign", "deliver", "fund"];
/** Steps of whoever sells the car: a manager takes them in their own deals only. */
const OF_SELLER: ReadonlySet<StepName> = new Set(["submit", "accept"]);
/** Steps that a salesperson of the deal may not take: nobody decides on their own deal. */
const NOT_OWN: ReadonlySet<StepName> = new Set(["counter", "approve", "decline"]);

/** Returns the steps that a person may take now, the next one first and giving up last. */
export function possibleSteps(deal: Deal, user: User): StepName[] {
  const own = deal.salesperson?.id === user.id;
  const can = (step: StepName) => user.rights.includes(step) && !(own && NOT_OWN.has(step));
  const moves = Action.filter(
    (step) => listed(TRANSITIONS[step].sources, deal.state) && listed(TRANSITIONS[step].roles, user.role),
  );
  const closings = Closing.filter((step) => deal.fulfilment !== null && listed(STEPS[step].sources, deal.fulfilment));
  const found = [...moves, ...closings]
    .filter(can)
    .filter((step) => !OF_SELLER.has(step) || user.role === "salesperson" || own)
    .filter((step) => step !== "accept" || !!deal.proposal);
  return found.sort((a, b) => weight(a) - weight(b));
}

export function isForward(step: StepName): boolean {
  return FORWARD.includes(step);
}

function weight(step: StepName): number {
  if (step === "lose" || step === "unwind") return 2;
  return FORWARD.includes(step) ? 0 : 1;
}

export interface StepReasons {
  ordinary: readonly Reason[];
  /** Credit reasons of a refusal; up to MAX_REASONS may be chosen. */
  credit: readonly Reason[];
}

/** Returns the reasons of a step, with the credit reasons separate. */
export function reasonsOf(step: StepName): StepReasons {
  const all: readonly Reason[] =
    step in TRANSITIONS ? TRANSITIONS[step as Action].reasons : STEPS[step as Closing].reasons;
  return {
    ordinary: all.filter((reason) => !listed(CREDIT_REASONS, reason)),
    credit: all.filter((reason) => listed(CREDIT_REASONS, reason)),
  };
}

/** Returns what blocks a step, as far as the screen knows; the server has the last word. */
export function obstacle(step: StepName, deal: Deal, now: number): string | null {
  if (step === "submit" && deal.selected === null) return "Put a car on the deal first.";
  const lenders = deal.lenders;
  if (step === "sign" && lenders && deal.selected?.lender) {
    const live = lenders.some(
      ({ lender, status, expires_at: expires }) =>
        lender === deal.selected?.lender &&
        (status === "approved" || status === "conditional") &&
        (expires === null || Date.parse(expires) > now),
    );
    if (!live) return `Needs a current approval from ${isolated(deal.selected.lender)}.`;
  }
  if (step === "fund" && lenders?.some(({ stipulations }) => stipulations.some(({ cleared_by: by }) => by === null))) {
    return "Clear all stips first.";
  }
  return null;
}

/**
 * Returns the chosen reasons after a click on one: an ordinary reason excludes others; several credit reasons may be
 * chosen.
 */
export function picked(chosen: readonly Reason[], reason: Reason): readonly Reason[] {
  if (!listed(CREDIT_REASONS, reason)) return [reason];
  if (chosen.includes(reason)) return chosen.filter((each) => each !== reason);
  const others = chosen.filter((each) => listed(CREDIT_REASONS, each));
  return others.length < MAX_REASONS ? [...others, reason] : chosen;
}

export function isEditable(deal: Deal): boolean {
  return listed(EDITABLE, deal.state);
}

export function isSelectable(deal: Deal): boolean {
  return listed(SELECTABLE, deal.state);
}

/** Whether cars may be pinned and held, and fields locked. */
export function isOpen(deal: Deal): boolean {
  return deal.state !== "signed" && deal.state !== "lost";
}

function listed(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
