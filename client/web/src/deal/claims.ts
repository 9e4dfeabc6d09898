// Who holds a car for a while, and which other deals want it: what the screens of both deals say. Pure.
import type { Wanting } from "../wire";

/** What the wire calls a deal of another store: nobody here may know whose it is. */
export const OTHER = "other";

/** Statuses of a car that can be sold; one with another status leaves every screen. */
export const ON_SALE: ReadonlySet<string> = new Set(["available", "held"]);

export interface Claim {
  /** Who holds it: a name, or `OTHER`; null where nobody does. */
  heldBy: string | null;
  until: string | null;
  /** The hold is this deal's. */
  here: boolean;
  wanted: readonly Wanting[];
}

/** Returns the claim that an event or a row of a snapshot tells of; null where there is none, or the view hides it. */
export function claimOf(told: {
  held_by?: unknown; held_until?: unknown; held_here?: unknown; wanted_by?: unknown;
}): Claim | null {
  const heldBy = typeof told.held_by === "string" ? told.held_by : null;
  const wanted = Array.isArray(told.wanted_by) ? (told.wanted_by as Wanting[]) : [];
  if (heldBy === null && wanted.length === 0) return null;
  return { heldBy, until: typeof told.held_until === "string" ? told.held_until : null, here: told.held_here === true, wanted };
}

/** Returns until when a car is held, in milliseconds; null where nobody holds it at `now` any more. */
export function heldUntil(claim: Claim | null, now: number): number | null {
  if (!claim?.heldBy || !claim.until) return null;
  const until = Date.parse(claim.until);
  return until > now ? until : null;
}

/** Returns who holds a car in words. */
export function holderText(heldBy: string): string {
  return heldBy === OTHER ? "another store" : heldBy;
}

/** Returns who else wants a car: "also in Ann's deal", "also in 2 other deals". */
export function wantedText(wanted: readonly Wanting[]): string | null {
  if (wanted.length === 0) return null;
  if (wanted.length > 1) return `also in ${wanted.length} other deals`;
  const { by } = wanted[0]!;
  return by === OTHER ? "also in another store's deal" : `also in another deal of ${by}`;
}
