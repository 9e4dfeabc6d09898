// What would make a refused field fit: two ends of one range. Pure.
import type { Field } from "./edits";

export interface Remedy {
  /** What is wrong, in words. */
  words: string;
  /** The end to move, and to where. */
  field: Field;
  value: number;
}

const RANGES: readonly { low: Field; high: Field; words: string }[] = [
  { low: "cash_down_cents", high: "cash_down_max_cents", words: "Max must be at least cash down." },
  { low: "payment_min_cents", high: "payment_max_cents", words: "Max must be at least min." },
];

/** Returns the remedy for a refused end of a range whose ends have crossed; null if that is not what is wrong. */
export function remedyOf(field: Field, shown: (field: Field) => unknown): Remedy | null {
  const range = RANGES.find(({ low, high }) => field === low || field === high);
  if (!range) return null;
  const [low, high] = [shown(range.low), shown(range.high)];
  if (typeof low !== "number" || typeof high !== "number" || low <= high) return null;
  return { words: range.words, field: range.high, value: low };
}
