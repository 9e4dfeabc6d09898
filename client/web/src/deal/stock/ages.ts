// The age of a car in stock, in the buckets of the trade. Pure.

/** Returns the bucket of an age in days, null if it is unknown. The order of the texts is that of the ages. */
export function ageBucket(days: number | null): string | null {
  if (days === null) return null;
  return days > 90 ? "90+" : days > 60 ? "61–90" : days > 30 ? "31–60" : "0–30";
}
