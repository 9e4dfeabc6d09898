// When something happened, as short as it can be read without doubt. Pure.
import type { Formats } from "./format";

/** Returns the time of day for today, the weekday and time for the days before, else the date. */
export function whenText(instant: string, now: number, formats: Pick<Formats, "clock" | "weekday" | "date">): string {
  const at = new Date(instant);
  const days = Math.round((midnight(new Date(now)) - midnight(at)) / 86_400_000);
  if (days === 0) return formats.clock(instant);
  if (days === 1) return `Yesterday ${formats.clock(instant)}`;
  return days > 1 && days < 7 ? `${formats.weekday(instant)} ${formats.clock(instant)}` : formats.date(instant);
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
