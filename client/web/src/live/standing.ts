// How far what stands on the page can be trusted, in one word and in words for a person. Pure.
import type { Link } from "./connection";
import type { Beat } from "./pulse";

export type Standing = "live" | "catching_up" | "checking" | "silent" | "stale" | "offline" | "ended";

export interface Facts {
  link: Link;
  beat: Beat;
  /** Whether everything that the server had at the join is here. */
  current: boolean;
  /** Whether the server says that it cannot keep the page current. */
  held: boolean;
  /** Whether the connection ended a moment ago because its server is being replaced. */
  replaced: boolean;
}

export const SIGNED_OUT = 4001;
export const FORBIDDEN = 4003;

export function standingOf({ link, beat, current, held, replaced }: Facts): Standing {
  if (link.kind === "ended") return "ended";
  if (beat === "silent" || beat === "stale") return beat;
  if (link.kind === "waiting") return replaced ? "catching_up" : "offline";
  if (link.kind === "connecting") return link.attempt > 1 && !replaced ? "offline" : "catching_up";
  if (beat === "checking") return "checking";
  return current && !held ? "live" : "catching_up";
}

/** Returns the standing in a few words. `seconds`: how long nothing was heard; `last`: the time of the last message. */
export function standingText(standing: Standing, seconds: number, last: string | null): string {
  if (standing === "silent") return `No answer for ${Math.max(8, seconds)} s`;
  if (standing === "stale") return last ? `Not current: last update ${last}` : "Not current";
  return {
    live: "Live",
    catching_up: "Catching up",
    checking: "Checking…",
    offline: "Offline",
    ended: "Disconnected",
  }[standing];
}

/** Returns why nothing may be decided on what stands on the page; null if it may. */
export function hindrance(standing: Standing): string | null {
  switch (standing) {
    case "silent":
      return "No answer from the server. Wait until it answers.";
    case "stale":
      return "This page is not current. Wait until it is.";
    case "offline":
      return "No connection. Wait until it is back.";
    case "ended":
      return "Disconnected.";
    default:
      return null;
  }
}

/** Returns the change of a connection as a screen reader says it; empty for what needs no words. */
export function spoken(before: Standing, after: Standing): string {
  const settled = (standing: Standing) => standing === "live" || standing === "catching_up" || standing === "checking";
  if (settled(after)) return settled(before) ? "" : after === "live" ? "The page is live again." : "";
  if (after === "silent") return "No answer from the server. Trying to reconnect.";
  if (after === "stale") return "This page is not current. Trying to reconnect.";
  if (after === "offline") return "No connection. Trying to reconnect.";
  return "Disconnected.";
}
