// What the activity shows of a deal's story: the last entries, those of one kind, and those that are new since the
// person began to read. Pure.
import type { Entry } from "./timeline";

export const FILTERS = { all: "All", notes: "Notes", desk: "Desk" } as const;
export type Filter = keyof typeof FILTERS;

const TONES: Record<Filter, readonly Entry["tone"][]> = {
  all: ["edit", "step", "offer", "note", "desk"],
  notes: ["note"],
  desk: ["step", "desk"],
};

/** Returns the entries of one kind: notes, or what the desk and the steps are about. */
export function filtered(entries: readonly Entry[], filter: Filter): readonly Entry[] {
  return entries.filter(({ tone }) => TONES[filter].includes(tone));
}

/** Returns what stays in place for a reader who began at the entry `top`, and how many entries are newer. */
export function held(entries: readonly Entry[], top: string | null): { shown: readonly Entry[]; fresh: number } {
  const at = entries.findIndex(({ key }) => key === top);
  // A reload renames entries: then the reader begins again at the top.
  const fresh = Math.max(0, at);
  return { shown: entries.slice(fresh), fresh };
}

/** Returns the reason of the last step that had one, with who took it and when. */
export function lastReason(entries: readonly Entry[]): (Entry & { why: string }) | null {
  const step = entries.find(({ tone }) => tone === "step");
  return step && step.why !== null ? { ...step, why: step.why } : null;
}
