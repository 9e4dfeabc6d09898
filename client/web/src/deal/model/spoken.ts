// What is said aloud of a deal while somebody works on it: steps, notes, offers, and what others edit. Pure.
import type { Formats } from "../../text/format";
import { describeValue } from "../terms/values";
import { differences } from "./figures";
import { type Entry, LIVE } from "./timeline";

export interface Line {
  text: string;
  /** A newer line about the same takes its place. */
  about: string;
}

/** A page that was away for long says the last of what it missed; all of it stands in the activity. */
const MOST = 3;

/**
 * Returns what to say of the entries that are newer than `since`, the oldest first, or come late: the sale of a car may
 * be heard before the signature that it follows. `seen` has the keys of what was there; `own` is this person's name.
 */
export function newsOf(
  entries: readonly Entry[],
  since: number,
  seen: ReadonlySet<string>,
  own: string,
  formats: Formats,
): Line[] {
  const isNew = ({ at, key }: Entry) => Date.parse(at) > since || (key.startsWith(LIVE) && !seen.has(key));
  return entries
    .filter((entry) => isNew(entry) && (entry.tone !== "edit" || entry.by !== own))
    .slice(0, MOST)
    .reverse()
    .map((entry) => ({ text: lineOf(entry, formats), about: aboutOf(entry) }));
}

/** Returns when the newest entry was; with none, the beginning of time. */
export function newestOf(entries: readonly Entry[]): number {
  return Math.max(0, ...entries.map(({ at }) => Date.parse(at)));
}

function lineOf({ by, what, why, changes, figures }: Entry, formats: Formats): string {
  const did = [by, what(formats)].filter(Boolean).join(" ");
  const edits = changes.map(({ field, label, after }) => `${label} ${describeValue(field, after, formats)}`);
  const parts = [why, ...edits, ...(figures ? differences(figures, formats) : [])].filter(Boolean);
  return parts.length === 0 ? did : `${did}: ${parts.join(", ")}`;
}

/** Somebody who types sends many edits of one field: only the last of them is said. */
function aboutOf({ key, by, tone, changes }: Entry): string {
  return tone === "edit" ? `${by} ${changes.map(({ field }) => field).join()}` : key;
}
