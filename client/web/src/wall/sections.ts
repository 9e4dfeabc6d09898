// The parts of the wall: what waits for the desk, and what is still to be done about the other deals. Pure.
import type { DueTask } from "../wire";
import { passes, type WallFilter } from "./filter";
import { type Rows, type Standing, type Summary, since, standingOf } from "./fold";

export const SECTIONS = ["waiting", "answered", "working", "tasks", "stips", "delivery", "unfunded"] as const;
export type SectionName = (typeof SECTIONS)[number];

/** One row: a deal, or one of its tasks. */
export interface Item {
  key: string;
  deal: Summary;
  task: DueTask | null;
}

export interface Section {
  name: SectionName;
  items: Item[];
  /** Of tasks: how many are due today, or were. */
  due: number;
}

/** Deals closest to funding are on top. */
const ANSWERED: readonly (Standing | undefined)[] = ["approved", "countered", "declined"];

type Order = (a: Item, b: Item) => number;
const byId: Order = (a, b) => (a.key < b.key ? -1 : 1);
const longestFirst: Order = (a, b) => since(a.deal) - since(b.deal) || byId(a, b);
const newestFirst: Order = (a, b) =>
  Date.parse(b.deal.changed_at ?? "") - Date.parse(a.deal.changed_at ?? "") || byId(a, b);
const answeredFirst: Order = (a, b) =>
  ANSWERED.indexOf(standingOf(a.deal)) - ANSWERED.indexOf(standingOf(b.deal)) || newestFirst(a, b);
const dueFirst: Order = (a, b) => (a.task?.due_on ?? "").localeCompare(b.task?.due_on ?? "") || longestFirst(a, b);

const ORDERS: Record<SectionName, Order> = {
  waiting: longestFirst,
  answered: answeredFirst,
  working: newestFirst,
  tasks: dueFirst,
  stips: longestFirst,
  delivery: longestFirst,
  unfunded: longestFirst,
};

/** Returns the sections with the deals that pass the filter; `today` as an ISO date. */
export function sectionsOf(rows: Rows, filter: WallFilter, today: string): Section[] {
  const found = Object.fromEntries(SECTIONS.map((name) => [name, [] as Item[]])) as Record<SectionName, Item[]>;
  for (const deal of rows.values()) {
    if (!passes(deal, filter)) continue;
    const place = placeOf(deal);
    const key = `${place}:${deal.deal_id}`;
    if (place) found[place].push({ key, deal, task: null });
    if (deal.stipulations?.length) found.stips.push({ key: `stips:${deal.deal_id}`, deal, task: null });
    for (const task of deal.tasks ?? []) found.tasks.push({ key: `task:${task.id}`, deal, task });
  }
  return SECTIONS.map((name) => ({
    name,
    items: found[name].sort(ORDERS[name]),
    due: found[name].filter(({ task }) => task !== null && task.due_on <= today).length,
  }));
}

/** Returns where a deal stands by its state; every live deal stands in one of them. */
function placeOf(deal: Summary): SectionName | null {
  const standing = standingOf(deal);
  if (standing === "submitted") return "waiting";
  if (standing === "signed") return "delivery";
  if (standing === "delivered") return "unfunded";
  if (standing === "lost" || standing === undefined) return null;
  return standing === "working" ? "working" : "answered";
}

export interface QueueTotals {
  count: number;
  /** Since when the oldest waits; null if nobody does. */
  oldest: number | null;
  npvCents: number;
}

/** Returns how many deals wait, since when, and what they are worth in all. */
export function queueTotals(rows: Rows): QueueTotals {
  const queue = [...rows.values()].filter(({ state }) => state === "submitted");
  return {
    count: queue.length,
    oldest: queue.length > 0 ? Math.min(...queue.map(since)) : null,
    npvCents: queue.reduce((sum, { npv_cents: npv }) => sum + (npv ?? 0), 0),
  };
}
