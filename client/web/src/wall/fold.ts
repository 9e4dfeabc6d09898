// The rows of a store's wall: which summary is current, which deals wait for the desk, and their order. Pure.
import type { Formats } from "../text/format";
import type { DealState, DealSummary, SnapshotRows } from "../wire";

/** A deal on the wall; a view that may not see a field has it absent. */
export type Summary = Omit<DealSummary, "type" | "channel" | "seq" | "at">;
export type Rows = ReadonlyMap<string, Summary>;

/** Deals closest to funding are on top. */
const ORDER: readonly DealState[] = ["approved", "countered", "working", "declined", "signed", "lost", "submitted"];

/** Returns the rows with a summary that is no older than what is known; a deal that left the wall is gone. */
export function taken(rows: Rows, summary: Summary): Rows {
  const known = rows.get(summary.deal_id);
  if (known && (known.last_no ?? known.deal_version) > (summary.last_no ?? summary.deal_version)) return rows;
  const changed = new Map(rows);
  if (summary.removed) changed.delete(summary.deal_id);
  else changed.set(summary.deal_id, summary);
  return changed;
}

/** Returns the summaries in the columns of a snapshot's part. */
export function summariesOf({ columns }: SnapshotRows): Summary[] {
  const lists = Object.entries(columns as Record<string, readonly unknown[]>);
  const count = lists[0]?.[1].length ?? 0;
  return Array.from(
    { length: count },
    (_, i) => Object.fromEntries(lists.map(([name, list]) => [name, list[i]])) as unknown as Summary,
  );
}

/** Returns the deals that wait for an answer of the desk, the one that has waited longest first. */
export function waiting(rows: Rows): Summary[] {
  return [...rows.values()].filter(({ state }) => state === "submitted").sort((a, b) => since(a) - since(b));
}

/** Returns the other live deals, by state and then by the last change. */
export function others(rows: Rows): Summary[] {
  const place = ({ state }: Summary) => (state ? ORDER.indexOf(state) : ORDER.length);
  return [...rows.values()]
    .filter(({ state }) => state !== "submitted")
    .sort(
      (a, b) =>
        place(a) - place(b) ||
        Date.parse(b.changed_at ?? "") - Date.parse(a.changed_at ?? "") ||
        (a.deal_id < b.deal_id ? -1 : 1),
    );
}

/** Returns all deals, the latest change first. */
export function newestFirst(rows: Rows): Summary[] {
  return [...rows.values()].sort(
    (a, b) => Date.parse(b.changed_at ?? "") - Date.parse(a.changed_at ?? "") || (a.deal_id < b.deal_id ? 1 : -1),
  );
}

/** Returns since when a deal is in its state, in milliseconds. */
export function since({ waiting_since: at }: Summary): number {
  return at === undefined ? 0 : Date.parse(at);
}

/** Returns what the customer pays: "$412.34 × 72", "$312.10 × 36 lease", "$27,085.25 cash"; null without an offer. */
export function paidText(deal: Summary, formats: Formats): string | null {
  if (deal.out_the_door_cents != null) return `${formats.cents(deal.out_the_door_cents)} cash`;
  if (deal.payment_cents == null) return null;
  return `${formats.cents(deal.payment_cents)} × ${deal.term_months}${deal.kind === "lease" ? " lease" : ""}`;
}

/** Returns how long someone has waited: "40 s", "12 min", "3 h 05 min", "2 days". */
export function waitText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

/** Returns the points of a line through `values` in a box of `width` by `height`; empty for fewer than two. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return "";
  const least = Math.min(...values);
  const span = Math.max(...values) - least || 1;
  return values
    .map(
      (value, i) =>
        `${((i * width) / (values.length - 1)).toFixed(1)},${(height - ((value - least) / span) * height).toFixed(1)}`,
    )
    .join(" ");
}
