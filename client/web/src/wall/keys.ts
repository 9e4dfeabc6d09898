// What a key does on the wall. Pure.

export type WallKey = "next" | "previous" | "open" | "approve" | "counter" | "decline" | "lock" | "assign";

const KEYS: Record<string, WallKey> = {
  j: "next",
  k: "previous",
  o: "open",
  a: "approve",
  c: "counter",
  d: "decline",
  l: "lock",
  s: "assign",
};

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
}

/** Returns what a press asks for; null while the person types, and with a modifier: those are the browser's. */
export function wallKey({ key, ctrlKey, metaKey, altKey, repeat }: Pressed, typing: boolean): WallKey | null {
  if (typing || ctrlKey || metaKey || altKey) return null;
  const wanted = KEYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
  // A key that is held down moves on, and decides nothing again.
  return repeat && wanted !== "next" && wanted !== "previous" ? null : wanted;
}

/** Returns the row after a step from `from`; from none, the first. It stops at the ends. */
export function stepped(keys: readonly string[], from: string | null, by: 1 | -1): string | null {
  const at = from === null ? -1 : keys.indexOf(from);
  if (at < 0) return keys[0] ?? null;
  return keys[Math.min(keys.length - 1, Math.max(0, at + by))] ?? null;
}
