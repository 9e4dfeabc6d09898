// How this tab looks at the wall: remembered while it is open. Pure.
import { DealState } from "../wire";
import { EVERYTHING, type WallFilter } from "./filter";
import { SECTIONS, type SectionName } from "./sections";

export interface Look {
  filter: WallFilter;
  folded: readonly SectionName[];
}

/** Only the queue is unfolded: what changes elsewhere changes a count, and moves nothing. */
const FIRST: Look = { filter: EVERYTHING, folded: SECTIONS.filter((name) => name !== "waiting") };

/** Returns the look that was stored, or the first one; what cannot be read is as if it were not there. */
export function lookOf(stored: string | null): Look {
  if (stored === null) return FIRST;
  try {
    const { filter, folded } = JSON.parse(stored) as Partial<Look>;
    const standing = ["delivered", ...DealState].includes(filter?.standing ?? "") ? filter?.standing : null;
    return {
      filter: { person: filter?.person ?? null, standing: standing ?? null, text: String(filter?.text ?? "") },
      folded: SECTIONS.filter((name) => folded?.includes(name)),
    };
  } catch {
    return FIRST;
  }
}
