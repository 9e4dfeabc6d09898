// A deal and its latest search as this page knows them, and how each event changes them. Pure, values never mutated.
import {
  type AnyEvent,
  type DealSnapshot,
  type EndReason,
  FIRST_LATE_CHUNK,
  type FiguresChange,
  type Filters,
  type HistoryPage,
  type Matches,
  type Rejection,
  type SearchEnded,
  type SearchSnapshot,
  type SearchStarted,
  type SearchValued,
  type Sort,
  type StageSpan,
  type User,
  type VehicleChanged,
} from "../../wire";
import { applied, type Deal } from "./fold";
import { type Since, sinceAfter, sinceOf } from "./since";
import { type CarName, type Entry, entryOf, historyEntries, type Told } from "./timeline";

export interface SearchProgress {
  search_id: string;
  filters: Filters;
  /** Absent if this view hides the sort order. */
  sort: Sort | undefined;
  /** The planner's guess of the rows to read; unknown if the search began before this page joined. */
  estimate: number | null;
  scanned: number;
  reason: EndReason | null;
  next: string | null;
  valued: boolean;
  rejected: Rejection[];
  trace: Record<string, number>;
  /** When the stages of the trace ran, as far as the server has told. */
  spans: StageSpan[];
  /** Server times in milliseconds; null if this page did not see it. */
  began: number | null;
  firstMatch: number | null;
  finished: number | null;
}

export interface DealModel {
  deal: Deal;
  search: SearchProgress | null;
  /** The deal's story as far as this page has it, the newest first; notes are the deal's. */
  timeline: Entry[];
  /** The number of the oldest event in the timeline, and whether the server has older ones. */
  oldest: number | null;
  more: boolean;
  /** Why the deal went back to work, if its agreed figures changed. */
  fallen: Fallen | null;
  /** Since when the deal is in its state; null if its story does not tell. */
  since: Since | null;
  /** Changes of cars since this page joined, by id. */
  cars: ReadonlyMap<string, VehicleChanged>;
}

export interface Fallen {
  figures: FiguresChange;
  reason: string | null;
}

/** Returns the model of a snapshot: its timeline begins with the latest events of the deal. */
export function fromSnapshot(
  snapshot: DealSnapshot,
  search: SearchSnapshot | null,
  history: HistoryPage | undefined,
  carName: CarName = () => "a car",
): DealModel {
  const { presence: _, ...deal } = snapshot;
  const events = (history?.events ?? []) as unknown as Told[];
  const steps = events.filter((event) => event.type === "state_changed");
  return {
    deal,
    search: search && resumed(search),
    timeline: historyEntries(deal, events, carName),
    oldest: events[0]?.no ?? null,
    more: history?.more ?? false,
    fallen: steps.reduce<Fallen | null>((fallen, step) => fallenBy(step, fallen), null),
    since: sinceOf(events, history?.more ?? false),
    cars: new Map(),
  };
}

/** Returns the model with an older page of the deal's history. */
export function withOlder(model: DealModel, page: HistoryPage, carName: CarName): DealModel {
  const events = page.events as unknown as Told[];
  const older = historyEntries(model.deal, events, carName);
  const timeline = [...model.timeline, ...older];
  const since = model.since?.longer ? sinceOf(events, page.more) : model.since;
  return { ...model, timeline, oldest: events[0]?.no ?? model.oldest, more: page.more, since };
}

function fallenBy(event: AnyEvent, before: Fallen | null): Fallen | null {
  if (event.type !== "state_changed") return before;
  if (event.to !== "working" || !event.figures) return null;
  return { figures: event.figures, reason: event.reason ?? null };
}

function resumed(search: SearchSnapshot): SearchProgress {
  const { search_id, filters, sort, scanned, next } = search;
  return {
    search_id,
    filters,
    sort,
    scanned,
    next,
    estimate: null,
    reason: search.ended,
    valued: search.ended !== null && search.valued + search.failed >= search.matched,
    rejected: search.rejected ?? [],
    trace: search.trace ?? {},
    spans: search.spans ?? [],
    began: null,
    firstMatch: null,
    finished: null,
  };
}

/** Returns the model after an event. Events about an older search than the latest change nothing. */
export function apply(model: DealModel, event: AnyEvent, carName: CarName = () => "a car"): DealModel {
  switch (event.type) {
    case "search_started":
      return { ...model, search: started(event) };
    case "matches":
      return event.chunk >= FIRST_LATE_CHUNK
        ? model
        : onSearch(model, event.search_id, (search) => matched(search, event));
    case "search_ended":
      return onSearch(model, event.search_id, (search) => ended(search, event));
    case "search_valued":
      return onSearch(model, event.search_id, (search) => valued(search, event));
    default:
      return happened(model, event, carName);
  }
}

function happened(model: DealModel, event: AnyEvent, carName: CarName): DealModel {
  const deal = applied(model.deal, event);
  const ofCar = event.type === "vehicle_changed";
  if (deal === model.deal && !ofCar) return model;
  const entry = entryOf(model.deal, event, carName);
  const known = entry !== null && model.timeline.some((told) => told.key.startsWith("no-") && same(entry, told));
  const timeline = entry && !known ? [entry, ...model.timeline] : model.timeline;
  const cars = ofCar ? new Map(model.cars).set(event.vehicle_id, event) : model.cars;
  const since = sinceAfter(event, model.since);
  return { ...model, deal, timeline, cars, since, fallen: fallenBy(event, model.fallen) };
}

/** Whether a snapshot's history told an event already that follows it: a decision has a time of its own. */
function same(one: Entry, other: Entry): boolean {
  return one.tone !== "edit" && one.at === other.at && one.by === other.by && one.tone === other.tone;
}

function onSearch(model: DealModel, id: string, step: (search: SearchProgress) => SearchProgress): DealModel {
  return model.search?.search_id === id ? { ...model, search: step(model.search) } : model;
}

function started(event: SearchStarted): SearchProgress {
  return {
    search_id: event.search_id,
    filters: event.filters,
    sort: event.sort,
    estimate: event.estimate,
    scanned: 0,
    reason: null,
    next: null,
    valued: false,
    rejected: [],
    trace: {},
    spans: [],
    began: Date.parse(event.at),
    firstMatch: null,
    finished: null,
  };
}

function matched(search: SearchProgress, event: Matches): SearchProgress {
  // Matches after the end: someone asked for more.
  const running = { ...search, reason: null, next: null, valued: false, finished: null };
  return { ...running, firstMatch: search.firstMatch ?? (search.began === null ? null : Date.parse(event.at)) };
}

function ended(search: SearchProgress, event: SearchEnded): SearchProgress {
  const nothingToValue = event.matched === 0;
  return {
    ...search,
    scanned: event.scanned,
    reason: event.reason,
    next: event.next,
    rejected: event.rejected ?? [],
    // A page has a trace of its own.
    trace: event.trace ?? {},
    spans: event.spans ?? [],
    valued: nothingToValue,
    finished: nothingToValue || event.reason === "failed" ? Date.parse(event.at) : null,
  };
}

function valued(search: SearchProgress, event: SearchValued): SearchProgress {
  const names = new Set(event.spans?.map((span) => span.name));
  return {
    ...search,
    valued: true,
    finished: Date.parse(event.at),
    trace: { ...search.trace, ...event.trace },
    spans: [...search.spans.filter((span) => !names.has(span.name)), ...(event.spans ?? [])],
  };
}

/** Whether two people, or one before and after a change, have the same sight of a deal. */
export function seesAlike(one: User, other: User): boolean {
  return one.role === other.role && one.store_id === other.store_id && one.scores === other.scores;
}
