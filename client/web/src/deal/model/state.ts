// A deal and its latest search as this page knows them, and how each event changes them. Pure, values never mutated.
import {
  type AnyEvent,
  type DealSnapshot,
  type EndReason,
  FIRST_LATE_CHUNK,
  type Filters,
  type Matches,
  type Rejection,
  type SearchEnded,
  type SearchSnapshot,
  type SearchStarted,
  type SearchValued,
  type Sort,
  type VehicleChanged,
} from "../../wire";
import { applied, type Deal } from "./fold";
import { type CarName, type Entry, entryOf } from "./timeline";

const TIMELINE_LENGTH = 200;

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
  /** Server times in milliseconds; null if this page did not see it. */
  began: number | null;
  firstMatch: number | null;
  finished: number | null;
}

export interface DealModel {
  deal: Deal;
  search: SearchProgress | null;
  /** What happened since this page joined, the newest first; notes are the deal's. */
  timeline: Entry[];
  /** Changes of cars since this page joined, by id. */
  cars: ReadonlyMap<string, VehicleChanged>;
}

/** Returns the model of a snapshot; the page's timeline continues. */
export function fromSnapshot(snapshot: DealSnapshot, search: SearchSnapshot | null, timeline: Entry[]): DealModel {
  const { presence: _, ...deal } = snapshot;
  return { deal, search: search && resumed(search), timeline, cars: new Map() };
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
  const timeline = entry ? [entry, ...model.timeline].slice(0, TIMELINE_LENGTH) : model.timeline;
  const cars = ofCar ? new Map(model.cars).set(event.vehicle_id, event) : model.cars;
  return { ...model, deal, timeline, cars };
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
    trace: { ...search.trace, ...event.trace },
    valued: nothingToValue,
    finished: nothingToValue || event.reason === "failed" ? Date.parse(event.at) : null,
  };
}

function valued(search: SearchProgress, event: SearchValued): SearchProgress {
  return { ...search, valued: true, finished: Date.parse(event.at), trace: { ...search.trace, ...event.trace } };
}
