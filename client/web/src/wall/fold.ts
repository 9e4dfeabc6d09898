// The rows of a store's wall: which summary is current, and how one is said. Pure.
import { type Formats, payText } from "../text/format";
import type { DealState, DealSummary, SnapshotRows } from "../wire";

/** A deal on the wall; a view that may not see a field has it absent. */
export type Summary = Omit<DealSummary, "type" | "channel" | "seq" | "at">;
export type Rows = ReadonlyMap<string, Summary>;
/** Where a deal stands: its state, or that its car is delivered. */
export type Standing = DealState | "delivered";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Returns the rows with a summary that is no older than what is known; a deal that left the wall is gone. */
export function taken(rows: Rows, summary: Summary): Rows {
  return takenAll(rows, [summary]);
}

/** Returns the rows with many summaries; the same object if all of them are older. */
export function takenAll(rows: Rows, summaries: readonly Summary[]): Rows {
  const newer = summaries.filter((summary) => {
    const known = rows.get(summary.deal_id);
    return !known || orderOf(known) <= orderOf(summary);
  });
  if (newer.length === 0) return rows;
  const changed = new Map(rows);
  for (const summary of newer) {
    if (summary.removed) changed.delete(summary.deal_id);
    else changed.set(summary.deal_id, summary);
  }
  return changed;
}

function orderOf({ last_no: no, deal_version: version }: Summary): number {
  return no ?? version;
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

export function standingOf({ state, fulfilment }: Summary): Standing | undefined {
  return state === "signed" && fulfilment === "delivered" ? "delivered" : state;
}

/** Returns what the customer pays: "$412.34 × 72", "$312.10 × 36 lease", "$27,085.25 cash"; null without an offer. */
export function paidText(deal: Summary, formats: Formats): string | null {
  const { out_the_door_cents: cash, payment_cents: payment, term_months: term } = deal;
  if (cash != null) return payText(cash, null, false, formats);
  return payment == null ? null : payText(payment, term ?? null, deal.kind === "lease", formats);
}

/** Returns how long someone has waited: "0:40", "14:20", "3 h 05", "2 days". */
export function waitText(milliseconds: number): string {
  const waited = Math.max(0, milliseconds);
  const seconds = Math.floor(waited / 1000);
  const two = (number: number) => String(number).padStart(2, "0");
  if (waited < HOUR_MS) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  if (waited < DAY_MS) return `${Math.floor(waited / HOUR_MS)} h ${two(Math.floor(seconds / 60) % 60)}`;
  const days = Math.floor(waited / DAY_MS);
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
