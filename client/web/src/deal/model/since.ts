// Since when a deal is in its state, as far as its story tells. Pure.
import type { AnyEvent } from "../../wire";

export interface Since {
  at: string;
  /** Whether it can be longer: the step is older than the part of the story that this page has. */
  longer: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Returns since when the deal is in its state, by a page of its events, the oldest first; `more` if others precede. */
export function sinceOf(events: readonly AnyEvent[], more: boolean): Since | null {
  const step = events.filter(isStep).at(-1);
  if (step) return { at: step.at, longer: false };
  const first = events[0];
  return first ? { at: first.at, longer: more } : null;
}

/** Returns it after an event. */
export function sinceAfter(event: AnyEvent, before: Since | null): Since | null {
  return isStep(event) ? { at: event.at, longer: false } : before;
}

function isStep({ type }: AnyEvent): boolean {
  return type === "state_changed" || type === "fulfilment_changed";
}

/** Returns how long something lasts as a clock shows it: "0:07", "4:12", "1 h 05", "3 d". */
export function clockText(milliseconds: number): string {
  const past = Math.max(0, milliseconds);
  if (past < HOUR_MS) return `${Math.floor(past / MINUTE_MS)}:${twoDigits((past % MINUTE_MS) / 1000)}`;
  if (past < DAY_MS) return `${Math.floor(past / HOUR_MS)} h ${twoDigits((past % HOUR_MS) / MINUTE_MS)}`;
  return `${Math.floor(past / DAY_MS)} d`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
