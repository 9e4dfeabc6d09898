// What each event does to a deal: the twin of protocol/deal_fold.py. Pure, values never mutated. Applying an event is
// idempotent, because a snapshot may already include events that arrive after it.
import {
  type AnyEvent,
  type DealNote,
  type DealOffer,
  type DealSnapshot,
  type DealState,
  KEPT_NOTES,
  KEPT_NOTES_BYTES,
  KEPT_TASKS,
  type LenderTerms,
  NOTE_BYTES,
  type StateChanged,
} from "../../wire";
import { marked, sameFigures, scenariosAfter } from "../scenarios/fold";
import { presented } from "./presented";

/** The current deal; presence changes without events and is kept elsewhere. */
export type Deal = Omit<DealSnapshot, "presence">;

/** States of a deal without agreed figures. */
const UNAGREED: readonly DealState[] = ["working", "lost"];
/** A step to one of these states reprices the selected offer. */
const PRICED_STATES: readonly DealState[] = ["submitted", "countered"];

const utf8 = new TextEncoder();

/** Returns the deal after `event`; the same object if the event changes nothing. */
export function applied(deal: Deal, event: AnyEvent): Deal {
  const version = "version" in event ? event.version : null;
  if (version !== null && version <= deal.version) return deal;
  const changed = change(deal, event);
  return version === null ? changed : { ...changed, version };
}

/** Fields that a narrower view hides are absent and then change nothing. */
function change(deal: Deal, event: AnyEvent): Deal {
  switch (event.type) {
    case "deal_changed":
      return outdated(
        { ...unmarked(deal), structure: { ...deal.structure, ...event.changes } },
        deal.selected !== null,
      );
    case "state_changed":
      return moved(deal, event);
    case "fulfilment_changed":
      return { ...deal, fulfilment: event.to };
    case "offer_selected":
      return outdated(
        { ...(sameFigures(deal.selected, event.offer) ? deal : unmarked(deal)), selected: event.offer },
        false,
      );
    case "offer_pinned":
      return { ...deal, pins: [...without(deal.pins, event.vehicle_id), event.offer] };
    case "offer_unpinned":
      return { ...deal, pins: without(deal.pins, event.vehicle_id) };
    case "scenario_added":
    case "scenario_changed":
    case "scenario_removed":
    case "scenario_used":
      return deal.scenarios ? { ...deal, scenarios: scenariosAfter(deal.scenarios, event, deal.version) } : deal;
    case "customer_changed":
      return { ...deal, customer: event.customer };
    case "deal_assigned":
      return event.to ? { ...deal, salesperson: event.to } : deal;
    case "field_locked":
    case "field_unlocked":
    case "vehicle_held":
    case "vehicle_released":
    case "note_added":
      return remarked(deal, event);
    case "lender_decided":
    case "stipulation_cleared":
    case "task_raised":
    case "task_done":
      return financed(deal, event);
    case "presentation_changed":
    case "link_shared":
    case "link_revoked":
    case "link_opened":
    case "customer_accepted":
      return presented(deal, event);
    default:
      return deal;
  }
}

/** Returns the deal, of which no scenario is what is on it. */
function unmarked(deal: Deal): Deal {
  return deal.scenarios ? { ...deal, scenarios: marked(deal.scenarios, null) } : deal;
}

function outdated(deal: Deal, outdated: boolean): Deal {
  return deal.selected_outdated === undefined ? deal : { ...deal, selected_outdated: outdated };
}

function moved(deal: Deal, event: StateChanged): Deal {
  const state = agreed({ ...deal, state: event.to }, event);
  const priced = PRICED_STATES.includes(event.to);
  const changed = priced ? outdated(state, false) : event.figures ? outdated(state, deal.selected !== null) : state;
  if (event.to === "signed") return { ...changed, fulfilment: "signed" };
  if (deal.approval === undefined) return changed;
  return { ...changed, approval: event.to === "approved" ? (event.approval ?? null) : null };
}

/** A field that this view hides is absent, and stays so. */
function agreed(deal: Deal, event: StateChanged): Deal {
  const changed = { ...deal };
  if (event.agreed) changed.agreed = event.agreed;
  else if (UNAGREED.includes(event.to) && deal.agreed !== undefined) changed.agreed = null;
  if (deal.proposal !== undefined) changed.proposal = event.proposal ?? null;
  if (event.contract) changed.contract = event.contract;
  return changed;
}

function without(offers: DealOffer[], vehicleId: string): DealOffer[] {
  return offers.filter((offer) => offer.vehicle_id !== vehicleId);
}

type Remark = Extract<
  AnyEvent,
  { type: "field_locked" | "field_unlocked" | "vehicle_held" | "vehicle_released" | "note_added" }
>;

function remarked(deal: Deal, event: Remark): Deal {
  switch (event.type) {
    case "field_locked": {
      const { field, by } = event;
      if (field === undefined || by === undefined) return deal;
      const locks = [...(deal.locks ?? []).filter((lock) => lock.field !== field), { field, by }];
      return { ...deal, locks: sorted(locks, (lock) => lock.field) };
    }
    case "field_unlocked":
      if (event.field === undefined) return deal;
      return { ...deal, locks: (deal.locks ?? []).filter((lock) => lock.field !== event.field) };
    case "vehicle_held": {
      const { vehicle_id, until, by } = event;
      if (vehicle_id === undefined || until === undefined || by === undefined) return deal;
      const holds = [...(deal.holds ?? []).filter((hold) => hold.vehicle_id !== vehicle_id), { vehicle_id, until, by }];
      return { ...deal, holds: sorted(holds, (hold) => hold.vehicle_id) };
    }
    case "vehicle_released":
      if (event.vehicle_id === undefined) return deal;
      return { ...deal, holds: (deal.holds ?? []).filter((hold) => hold.vehicle_id !== event.vehicle_id) };
    case "note_added": {
      const { id, text, by, at } = event;
      const notes = deal.notes ?? [];
      if (id === undefined || text === undefined || by === undefined || notes.some((note) => note.id === id))
        return deal;
      return { ...deal, notes: kept([...notes, { id, text, by, at }]) };
    }
  }
}

/** Returns the latest notes that the server shows too: as many as fit, counted as it counts them. */
function kept(notes: DealNote[]): DealNote[] {
  let size = 0;
  let first = notes.length;
  while (first > 0 && notes.length - first < KEPT_NOTES) {
    size += bytes(notes[first - 1]!);
    if (size > KEPT_NOTES_BYTES) break;
    first -= 1;
  }
  return notes.slice(first);
}

function bytes(note: DealNote): number {
  return NOTE_BYTES + utf8.encode(JSON.stringify(note.text)).length + utf8.encode(JSON.stringify(note.by.name)).length;
}

type Financed = Extract<AnyEvent, { type: "lender_decided" | "stipulation_cleared" | "task_raised" | "task_done" }>;

function financed(deal: Deal, event: Financed): Deal {
  switch (event.type) {
    case "lender_decided": {
      const { decision } = event;
      if (!deal.lenders || decision === undefined) return deal;
      const others = deal.lenders.filter((each) => each.lender !== decision.lender);
      const lenders = decision.status === "withdrawn" ? others : [...others, decision];
      return { ...deal, lenders: sorted(lenders, (each) => each.lender) };
    }
    case "stipulation_cleared": {
      const { stipulation_id: id, by } = event;
      if (!deal.lenders || id === undefined || by === undefined) return deal;
      const mark = (decision: LenderTerms): LenderTerms => ({
        ...decision,
        stipulations: decision.stipulations.map((each) => (each.id === id ? { ...each, cleared_by: by } : each)),
      });
      return { ...deal, lenders: deal.lenders.map(mark) };
    }
    case "task_raised":
      return deal.tasks && event.task ? { ...deal, tasks: [...deal.tasks, event.task].slice(-KEPT_TASKS) } : deal;
    case "task_done": {
      const { task_id: id, by } = event;
      if (!deal.tasks || id === undefined || by === undefined) return deal;
      return { ...deal, tasks: deal.tasks.map((task) => (task.id === id ? { ...task, done_by: by } : task)) };
    }
  }
}

function sorted<T>(items: T[], key: (item: T) => string): T[] {
  return items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
