import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Candidate, candidatesOf } from "../../../deal/desk/assigning";
import type { DealSession } from "../../../deal/session";
import { StoreLists } from "../../../store/lists";
import type { Actor, ErrorBody } from "../../../wire";

export interface Assigning {
  /** Null until the server has named them. */
  candidates: readonly Candidate[] | null;
  chosen: Signal<string>;
  /** Why nothing can be given now, in words; null: it can. */
  hindrance: string | null;
  trouble: string | null;
  give(event: Event): void;
}

/** Gives the deal to another person of the store, once; `done` gets the name. */
export function useAssigning(session: DealSession, done: (name: string) => void): Assigning {
  const { desk } = session;
  const deal = session.model.value!.deal;
  const people = useSignal<readonly Actor[] | null>(null);
  const failure = useSignal<ErrorBody | null>(null);
  const chosen = useSignal("");
  const saw = useSignal(deal.version);
  useEffect(() => () => desk.dismiss("assign"), []);
  useEffect(() => {
    if (people.value) return;
    failure.value = null;
    new StoreLists(session.user.value!.store_id, session.ask).people(
      (found) => (people.value = found.people),
      (error) => (failure.value = error),
    );
  }, [session.truth.current.value]);
  const candidates = people.value && candidatesOf(people.value, deal);
  const refused = desk.troubles.value.get("assign");
  const stalled = session.truth.whyNot.value;
  const to = candidates?.find(({ id, hindrance }) => id === chosen.value && !hindrance);
  return {
    candidates,
    chosen,
    hindrance: stalled ?? (to ? null : "Choose who takes it."),
    trouble: (refused ?? failure.value)?.message ?? null,
    give(event) {
      event.preventDefault();
      if (!to || stalled || desk.busy.value.has("assign")) return;
      // After a refusal the person has read why: the deal as it is now counts.
      const version = refused ? deal.version : saw.value;
      desk.give("assign", { type: "assign", version, salesperson_id: to.id }, () => done(to.name));
    },
  };
}
