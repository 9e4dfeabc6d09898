// A deal and its latest search as this page knows them, and how each event changes them. Pure, values never mutated.
import type {
  Actor, AnyEvent, DealChanged, DealSnapshot, DealState, EndReason, Filters, Matches, Rejection, SearchEnded, SearchSnapshot,
  SearchStarted, SearchValued, Sort,
} from "../wire";

const TIMELINE_LENGTH = 200;

export interface Change {
  version: number;
  at: string;
  by: Actor;
  changes: { field: string; before: unknown; after: unknown }[];
}

export interface SearchProgress {
  search_id: string;
  filters: Filters;
  sort: Sort;
  /** The planner's guess of the rows to read; unknown where the search began before this page joined. */
  estimate: number | null;
  scanned: number;
  reason: EndReason | null;
  next: string | null;
  valued: boolean;
  rejected: Rejection[];
  trace: Record<string, number>;
  /** Server times in milliseconds; null where this page did not see it. */
  began: number | null;
  firstMatch: number | null;
  finished: number | null;
}

export interface Deal extends Pick<DealSnapshot, "id" | "version" | "state" | "customer" | "structure"> {
  state: DealState;
}

export interface DealModel {
  deal: Deal;
  search: SearchProgress | null;
  timeline: Change[];
}

/** Returns the model of a snapshot; the timeline that this page has goes on. */
export function fromSnapshot(deal: DealSnapshot, search: SearchSnapshot | null, timeline: Change[]): DealModel {
  const { id, version, state, customer, structure } = deal;
  return { deal: { id, version, state, customer, structure }, search: search && resumed(search), timeline };
}

function resumed(search: SearchSnapshot): SearchProgress {
  const { search_id, filters, sort, scanned, next } = search;
  return {
    search_id, filters, sort, scanned, next, estimate: null, reason: search.ended,
    valued: search.ended !== null && search.valued + search.failed >= search.matched,
    rejected: search.rejected ?? [], trace: search.trace ?? {}, began: null, firstMatch: null, finished: null,
  };
}

/** Returns the model after an event. Events about an older search than the latest change nothing. */
export function apply(model: DealModel, event: AnyEvent): DealModel {
  switch (event.type) {
    case "deal_changed":
      return changed(model, event);
    case "search_started":
      return { ...model, search: started(event) };
    case "matches":
      return onSearch(model, event.search_id, (search) => matched(search, event));
    case "search_ended":
      return onSearch(model, event.search_id, (search) => ended(search, event));
    case "search_valued":
      return onSearch(model, event.search_id, (search) => valued(search, event));
    default:
      return model;
  }
}

function onSearch(model: DealModel, id: string, step: (search: SearchProgress) => SearchProgress): DealModel {
  return model.search?.search_id === id ? { ...model, search: step(model.search) } : model;
}

function started(event: SearchStarted): SearchProgress {
  return {
    search_id: event.search_id, filters: event.filters, sort: event.sort, estimate: event.estimate, scanned: 0,
    reason: null, next: null, valued: false, rejected: [], trace: {}, began: Date.parse(event.at), firstMatch: null,
    finished: null,
  };
}

function matched(search: SearchProgress, event: Matches): SearchProgress {
  // Matches after the end: somebody asked for more.
  const running = { ...search, reason: null, next: null, valued: false, finished: null };
  return { ...running, firstMatch: search.firstMatch ?? (search.began === null ? null : Date.parse(event.at)) };
}

function ended(search: SearchProgress, event: SearchEnded): SearchProgress {
  const nothingToValue = event.matched === 0;
  return {
    ...search, scanned: event.scanned, reason: event.reason, next: event.next, rejected: event.rejected ?? [],
    trace: { ...search.trace, ...event.trace }, valued: nothingToValue,
    finished: nothingToValue || event.reason === "failed" ? Date.parse(event.at) : null,
  };
}

function valued(search: SearchProgress, event: SearchValued): SearchProgress {
  return { ...search, valued: true, finished: Date.parse(event.at), trace: { ...search.trace, ...event.trace } };
}

function changed(model: DealModel, event: DealChanged): DealModel {
  if (event.version <= model.deal.version) return model;
  const before = model.deal.structure;
  const change: Change = {
    version: event.version, at: event.at, by: event.by,
    changes: Object.entries(event.changes).map(([field, after]) => ({ field, before: before[field], after })),
  };
  // Any edit of a countered deal takes it back to work.
  const state = model.deal.state === "countered" ? "working" : model.deal.state;
  return {
    ...model,
    deal: { ...model.deal, version: event.version, state, structure: { ...before, ...event.changes } },
    timeline: [change, ...model.timeline].slice(0, TIMELINE_LENGTH),
  };
}
