// Which columns a person shows, and in which order. Pure; the caller keeps the text.
import type { Column } from "../columns";
import type { SortKey } from "../order/order";

/** Raised when the meaning of what is kept changes: older content is then ignored. */
const VERSION = 1;
const MOST_KEPT = 60;

/** The first column names the car: it stays first and is never hidden. */
export const NAMED_BY: SortKey = "make";

/** Returns the columns to show: those chosen, in their order, or the usual ones. The first is always the car's name. */
export function arranged(available: readonly Column[], chosen: readonly SortKey[] | null): Column[] {
  const byKey = new Map(available.map((column) => [column.key, column]));
  const keys = chosen ?? usual(available);
  return [NAMED_BY, ...keys.filter((key) => key !== NAMED_BY)].flatMap((key) => byKey.get(key) ?? []);
}

export function usual(available: readonly Column[]): SortKey[] {
  return available.filter((column) => column.usual).map((column) => column.key);
}

/** Shows a hidden column at the end, or hides a shown one. */
export function toggled(keys: readonly SortKey[], key: SortKey): SortKey[] {
  if (key === NAMED_BY) return [...keys];
  return keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key];
}

/** Moves a column by one place among those that are shown now: keys of other scopes between them are passed over. */
export function moved(keys: readonly SortKey[], key: SortKey, by: 1 | -1, shown: ReadonlySet<SortKey>): SortKey[] {
  const steps = keys.filter((other) => shown.has(other) && other !== NAMED_BY);
  const neighbour = steps[steps.indexOf(key) + by];
  if (!steps.includes(key) || neighbour === undefined) return [...keys];
  return keys.map((other) => (other === key ? neighbour : other === neighbour ? key : other));
}

/** Returns what a person chose, from the kept text; null if there is none, or it cannot be read. */
export function readChosen(text: string | null, known: readonly Column[]): SortKey[] | null {
  const kept = parsed(text);
  if (typeof kept !== "object" || kept === null) return null;
  const { v, columns } = kept as { v?: unknown; columns?: unknown };
  if (v !== VERSION || !Array.isArray(columns) || columns.length > MOST_KEPT) return null;
  const keys = new Set(known.map((column) => column.key));
  return [...new Set(columns as SortKey[])].filter((key) => keys.has(key));
}

/** Returns the text to keep. */
export function writeChosen(keys: readonly SortKey[]): string {
  return JSON.stringify({ v: VERSION, columns: keys });
}

function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
