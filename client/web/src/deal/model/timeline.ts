// What happened to the deal, for people: one entry for an event, with what it was about and why. Pure.
import type { Formats } from "../../text/format";
import { isolated } from "../../text/readable";
import type {
  Action,
  AnyEvent,
  DealAssigned,
  DealNote,
  DealOffer,
  DealTask,
  FiguresChange,
  FulfilmentChanged,
  LenderTerms,
  StateChanged,
} from "../../wire";
import { scenarioWords } from "../scenarios/words";
import { fieldLabel } from "../terms/fields";
import { followsLines } from "../terms/products";
import { follows, moved, tradeName, tradesOf } from "../terms/trades";
import { changedFacts, factLabel, factsOf } from "./customers";
import { carText } from "./figures";
import type { Deal } from "./fold";
import { presentedWords } from "./presented";
import { LENDER_STATUSES, reasonText, STATES, STEP_WORDS, TASKS } from "./words";

export interface FieldChange {
  field: string;
  label: string;
  before: unknown;
  after: unknown;
}

/** How the keys of events begin that were heard live. */
export const LIVE = "event-";

export interface Entry {
  key: string;
  at: string;
  /** Who did it; null if the view hides it, or it happened automatically. */
  by: string | null;
  tone: "edit" | "step" | "offer" | "note" | "desk";
  /** What was done, as it follows a name: "approved the deal". Empty if `changes` say it. */
  what(formats: Formats): string;
  why: string | null;
  changes: readonly FieldChange[];
  /** Agreed figures before and after. */
  figures: FiguresChange | null;
}

/** Names a car by its id; for one that nobody here knows, "a car". */
export type CarName = (vehicleId: string | undefined) => string;

/** An event of a deal's history: `no` is its number in the deal. */
export type Told = AnyEvent & { no: number };

export type Words = Pick<Entry, "tone" | "what"> & Partial<Pick<Entry, "why" | "changes" | "by" | "figures">>;

/**
 * Returns the entry for an event that changes `before`; null if there is nothing to show. `noteEntry` handles notes.
 */
export function entryOf(before: Deal, event: AnyEvent, carName: CarName): Entry | null {
  if ("version" in event && event.version <= before.version) return null;
  const told = tell(before, event, carName);
  if (!told) return null;
  const by = "by" in event && event.by ? event.by.name : null;
  return { key: `${LIVE}${event.seq}`, at: event.at, by, why: null, changes: [], figures: null, ...told };
}

/** Returns the entries of a page of the deal's history, the newest first, without the notes that `deal` has already. */
export function historyEntries(deal: Deal, events: readonly Told[], carName: CarName): Entry[] {
  const notes = new Set(deal.notes?.map((note) => note.id));
  const past = { ...deal, structure: {} };
  const entries: Entry[] = [];
  for (const event of events) {
    const key = `no-${event.no}`;
    if (event.type === "note_added") {
      const { id, text, by, at } = event;
      if (id && text && by && !notes.has(id)) entries.push({ ...noteEntry({ id, text, by, at }), key });
      continue;
    }
    const told = tell(past, event, carName);
    const by = "by" in event && event.by ? event.by.name : null;
    if (told) entries.push({ key, at: event.at, by, why: null, changes: [], figures: null, ...told });
  }
  return entries.reverse();
}

function noteEntry({ id, text, by, at }: DealNote): Entry {
  return { key: `note-${id}`, at, by: by.name, tone: "note", what: () => text, why: null, changes: [], figures: null };
}

/** Returns entries and notes as one story, the newest first. */
export function story(entries: readonly Entry[], notes: readonly DealNote[]): Entry[] {
  const all = [...entries, ...notes.map(noteEntry).reverse()];
  return all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

function tell(before: Deal, event: AnyEvent, carName: CarName): Words | null {
  switch (event.type) {
    case "deal_changed": {
      const prior = event.before === undefined ? before.structure : { ...before.structure, ...event.before };
      const flat = Object.entries(event.changes)
        .filter(([field]) => !follows(field, event.changes) && !followsLines(field, event.changes))
        .map(([field, after]) => ({ field, label: fieldLabel(field), before: prior[field], after }));
      const traded =
        "trades" in event.changes
          ? moved(prior, event.changes, fieldLabel).map(({ key, ...rest }) => ({ field: key, ...rest }))
          : [];
      return { tone: "edit", what: () => "", changes: [...traded, ...flat] };
    }
    case "customer_changed": {
      const [old, now] = [factsOf(before.customer), factsOf(event.customer)];
      const changes = Object.entries(changedFacts(old, now)).map(([field, after]) => ({
        field,
        label: factLabel(field),
        before: old[field],
        after,
      }));
      return { tone: "edit", what: () => (changes.length > 0 ? "" : "changed the customer's facts"), changes };
    }
    case "state_changed":
    case "fulfilment_changed":
      return stepped(event);
    case "offer_selected":
      return {
        ...(event.reason
          ? offered(event.offer, "The deal was priced again:")
          : offered(event.offer, "put", " on the deal")),
        why: event.reason ? reasonText(event.reason) : null,
      };
    case "offer_pinned":
      return offered(event.offer, "pinned");
    case "offer_unpinned":
      return { tone: "offer", what: () => `unpinned ${carName(event.vehicle_id)}` };
    case "vehicle_held": {
      const { vehicle_id, until } = event;
      return until === undefined
        ? null
        : { tone: "offer", what: (formats) => `put ${carName(vehicle_id)} on hold until ${formats.clock(until)}` };
    }
    case "vehicle_released":
      return event.vehicle_id === undefined
        ? null
        : { tone: "offer", what: () => `released ${carName(event.vehicle_id)}` };
    case "field_locked":
      return event.field === undefined ? null : { tone: "desk", what: () => `locked ${fieldLabel(event.field!)}` };
    case "deal_assigned":
      return assigned(event);
    case "field_unlocked":
      return event.field === undefined ? null : { tone: "desk", what: () => `unlocked ${fieldLabel(event.field!)}` };
    case "scenario_added":
    case "scenario_changed":
    case "scenario_removed":
    case "scenario_used":
      return scenarioWords(event, carName);
    case "vehicle_changed":
      return carChanged(before, event, carName(event.vehicle_id));
    case "presentation_changed":
    case "link_shared":
    case "link_revoked":
    case "link_opened":
    case "customer_accepted": {
      const words = presentedWords(event);
      return words === null ? null : { tone: "offer", what: words };
    }
    default:
      return financed(before, event);
  }
}

function assigned({ to, from }: DealAssigned): Words | null {
  if (!to || !from) return null;
  return { tone: "desk", what: () => `assigned the deal to ${isolated(to.name)}, from ${isolated(from.name)}` };
}

function offered(offer: DealOffer, did: string, where = ""): Words {
  return { tone: "offer", what: (formats) => `${did} ${carText(offer)}${where} ${paidText(offer, formats)}` };
}

/** How an offer is paid: "at $412.34 for 72 months", "leased at $312.10 for 36 months", "for $27,085.25 in cash". */
function paidText({ cash, lease, payment_cents: payment, term_months: term }: DealOffer, formats: Formats): string {
  if (cash) return `for ${formats.cents(cash.out_the_door_cents)} in cash`;
  return `${lease ? "leased " : ""}at ${formats.cents(payment)} for ${term} months`;
}

const STEP_TO: Record<string, keyof typeof STEP_WORDS> = {
  submitted: "submit",
  countered: "counter",
  approved: "approve",
  declined: "decline",
  signed: "sign",
  lost: "lose",
  delivered: "deliver",
  funded: "fund",
  unwound: "unwind",
};
/** What became of a deal that went back to work without anyone's step. */
const VOIDED: Partial<Record<StateChanged["from"], string>> = {
  submitted: "agreed figures changed: submit again",
  countered: "counter voided: working again",
  approved: "approval voided: working again",
};

/** Reasons of automatic moves in what an older release wrote. */
const BY_ITSELF: ReadonlySet<string> = new Set([
  "offer_changed",
  "car_changed",
  "car_sold",
  "rates_changed",
  "lender_changed",
  "car_not_available",
]);

function stepped(event: StateChanged | FulfilmentChanged): Words {
  const why = event.reason ? [event.reason, ...(event.more_reasons ?? [])].map(reasonText).join(", ") : null;
  if (event.type === "state_changed" && event.to === "working") return backToWork(event, why);
  const step = STEP_TO[event.to] as Action | undefined;
  const accepted = event.type === "state_changed" && event.from === "countered" && event.to === "submitted";
  const words = step
    ? STEP_WORDS[step].done
    : `moved the deal to ${event.to in STATES ? STATES[event.to as keyof typeof STATES] : event.to}`;
  const figures = event.type === "state_changed" ? (event.proposal?.figures ?? null) : null;
  return { tone: "step", what: () => (accepted ? STEP_WORDS.accept.done : words), why, figures };
}

function backToWork(event: StateChanged, why: string | null): Words {
  const figures = event.figures ?? null;
  if (event.from === "countered" && event.reason === "terms_changed") {
    return { tone: "step", what: () => "is revising the countered deal", why: null, figures };
  }
  const fell = figures !== null || (event.reason !== undefined && BY_ITSELF.has(event.reason));
  const what = (fell && VOIDED[event.from]) || STEP_WORDS.reopen.done;
  return { tone: "step", what: () => what, why, figures };
}

function carChanged(before: Deal, event: Extract<AnyEvent, { type: "vehicle_changed" }>, name: string): Words | null {
  const offer = [before.selected, ...before.pins].find((each) => each?.vehicle_id === event.vehicle_id);
  if (!offer || before.state === "signed") return null;
  if (event.status !== "available" && event.status !== "held") {
    return {
      tone: "offer",
      by: null,
      what: () => `${name} was ${event.status === "sold" ? "sold" : "taken off the list"}`,
    };
  }
  if (event.price_cents === offer.price_cents || event.rev <= offer.rev) return null;
  return { tone: "offer", by: null, what: (formats) => `${name} now costs ${formats.dollars(event.price_cents)}` };
}

function financed(before: Deal, event: AnyEvent): Words | null {
  switch (event.type) {
    case "lender_decided":
      return event.decision ? decided(event.decision) : null;
    case "stipulation_cleared": {
      const all = before.lenders?.flatMap((each) => each.stipulations) ?? [];
      const met = all.find((each) => each.id === event.stipulation_id);
      return met ? { tone: "desk", what: () => `cleared “${isolated(met.text)}”` } : null;
    }
    case "task_raised": {
      const { task } = event;
      if (!task) return null;
      return {
        tone: "desk",
        by: null,
        what: (formats) => `To do by ${formats.day(task.due_on)}: ${taskText(task, before.structure)}`,
        why: task.reasons.map(reasonText).join(", ") || null,
      };
    }
    case "task_done": {
      const task = before.tasks?.find((each) => each.id === event.task_id);
      return task ? { tone: "desk", what: () => `finished: ${taskText(task, before.structure)}` } : null;
    }
    default:
      return null;
  }
}

/** Returns what must be done, with the trade that it is about. */
export function taskText(task: DealTask, structure: Record<string, unknown>): string {
  const words = TASKS[task.kind] ?? task.kind.replaceAll("_", " ");
  const trade = task.trade_id === undefined ? undefined : tradesOf(structure).find(({ id }) => id === task.trade_id);
  return trade ? `${words}: ${isolated(tradeName(trade))}` : words;
}

function decided({ lender, status, reasons, stipulations }: LenderTerms): Words {
  const open = stipulations.length;
  const words = LENDER_STATUSES[status].toLowerCase();
  const more = open > 0 ? ` (${open} ${open === 1 ? "stip" : "stips"})` : "";
  return {
    tone: "desk",
    what: () => `entered a callback: ${isolated(lender)} ${words}${more}`,
    why: reasons.map(reasonText).join(", ") || null,
  };
}
