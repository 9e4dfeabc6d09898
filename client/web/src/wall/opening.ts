// The one row that is open on the wall, and what the manager is about to do in it. Pure.

export type Mode = "look" | "approve" | "counter" | "decline" | "lock" | "assign";

export interface Opened {
  key: string;
  dealId: string;
  mode: Mode;
}

/** Returns what is open after a press on a row: another one opens, the open one closes. */
export function toggled(opened: Opened | null, key: string, dealId: string): Opened | null {
  return opened?.key === key ? null : { key, dealId, mode: "look" };
}
