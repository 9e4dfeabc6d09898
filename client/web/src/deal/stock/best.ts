// Among which cars the best one is the best, in words. Pure.
import type { Formats } from "../../text/format";

export interface Reach {
  matched: number;
  settled: number;
  /** Why the search ended; null while it runs. */
  reason: string | null;
}

/** Returns "Best of 2,047 (all)", "Best of the first 20,000", or how far the search is. */
export function reachText({ matched, settled, reason }: Reach, formats: Formats): string {
  const cars = formats.count(matched);
  if (matched === 0) return reason === null ? "Searching…" : "0 cars";
  if (settled < matched)
    return `Best of ${formats.count(settled)} so far · ${cars} ${reason === null ? "found" : "cars"}`;
  if (reason === "complete") return `Best of ${cars} (all)`;
  if (reason === null) return `Best of ${cars} so far`;
  return `Best of the first ${cars}`;
}
