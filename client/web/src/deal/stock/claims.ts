// Claims on a car: who holds it, and which other deals want it. Pure.
import { isolated } from "../../text/readable";
import type { Wanting } from "../../wire";

/** The wire's name for a deal of another store, which must stay anonymous here. */
export const OTHER = "other";

/** Statuses of a car that can be sold; one with another status leaves every screen. */
export const ON_SALE: ReadonlySet<string> = new Set(["available", "held"]);

export interface Claim {
  /** Who holds it: a name, or `OTHER`; null if nobody does. */
  heldBy: string | null;
  /** Null if an approval reserves the car. */
  until: string | null;
  /** The hold is this deal's. */
  here: boolean;
  wanted: readonly Wanting[];
}

/** Returns the claim in an event or a row of a snapshot; null if there is none, or the view hides it. */
export function claimOf(told: {
  held_by?: unknown;
  held_until?: unknown;
  held_here?: unknown;
  wanted_by?: unknown;
}): Claim | null {
  const heldBy = typeof told.held_by === "string" ? told.held_by : null;
  const wanted = Array.isArray(told.wanted_by) ? (told.wanted_by as Wanting[]) : [];
  if (heldBy === null && wanted.length === 0) return null;
  return {
    heldBy,
    until: typeof told.held_until === "string" ? told.held_until : null,
    here: told.held_here === true,
    wanted,
  };
}

/** Whether a car is held at `now`; a reserved car is, without an end. */
export function isHeld(claim: Claim | null, now: number): boolean {
  return claim !== null && claim.heldBy !== null && (claim.until === null || Date.parse(claim.until) > now);
}

/**
 * Returns who holds a car for another deal, in words: "Held by Ann until 10:30", "Approved for another store's deal".
 */
export function holderText(heldBy: string, until: string | null, clock: (instant: string) => string): string {
  if (until === null)
    return heldBy === OTHER ? "Approved for another store's deal" : `Approved for another deal by ${isolated(heldBy)}`;
  return `Held by ${heldBy === OTHER ? "another store" : isolated(heldBy)} until ${clock(until)}`;
}

/** Whether a manager of a store may end another deal's hold: of the store's cars, and of what its own deals hold. */
export function mayEnd(claim: Claim, carStore: unknown, ownStore: string | undefined): boolean {
  return claim.heldBy !== OTHER || (ownStore !== undefined && carStore === ownStore);
}

/** Returns who else wants a car: "in another deal of Ann", "in 2 other deals". */
export function wantedText(wanted: readonly Wanting[]): string | null {
  if (wanted.length === 0) return null;
  if (wanted.length > 1) return `in ${wanted.length} other deals`;
  const { by } = wanted[0]!;
  return by === OTHER ? "in another store's deal" : `in another deal of ${isolated(by)}`;
}
