// Which submits are new to this page: each is told once, however often the wall is read again. Pure.
import type { Rows, Summary } from "./fold";

export interface Heard {
  /** When each deal began to wait, for every one that this page knows of. */
  readonly known: ReadonlyMap<string, string>;
  /** Whether the wall was whole once: what waited then is not new. */
  readonly begun: boolean;
}

export const NOTHING_HEARD: Heard = { known: new Map(), begun: false };

/** Returns what is known after a look at the rows, and the deals that began to wait since. `whole`: none is missing. */
export function heardFrom(heard: Heard, rows: Rows, whole: boolean): { heard: Heard; news: Summary[] } {
  const fresh = [...rows.values()].filter(
    ({ state, deal_id: id, waiting_since: at }) => state === "submitted" && heard.known.get(id) !== (at ?? ""),
  );
  const begun = heard.begun || whole;
  if (fresh.length === 0) return { heard: begun === heard.begun ? heard : { ...heard, begun }, news: [] };
  const known = new Map(heard.known);
  for (const { deal_id: id, waiting_since: at } of fresh) known.set(id, at ?? "");
  return { heard: { known, begun }, news: heard.begun ? fresh : [] };
}

/** When the desk is told of a new submit by sound and by the browser. */
export type Wish = "off" | "hidden" | "always";
/** What the browser allows this page: `default` until it was asked. */
export type Permission = "default" | "granted" | "denied" | "missing";

export interface Alert {
  sound: boolean;
  notification: boolean;
}

/** Returns how a new submit is told. Nobody is interrupted by a notification of the page that they look at. */
export function alertFor(wish: Wish, permission: Permission, visible: boolean): Alert {
  return {
    sound: wish === "always" || (wish === "hidden" && !visible),
    notification: wish !== "off" && permission === "granted" && !visible,
  };
}

export function wishOf(stored: string | null): Wish {
  return stored === "hidden" || stored === "always" ? stored : "off";
}
