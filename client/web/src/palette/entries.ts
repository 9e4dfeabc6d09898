// What the palette offers: which entries match the words, and in which order. Pure.

export type Group = "Recent" | "Actions" | "Cars" | "Deals" | "Customers";

export interface Entry {
  /** Unique within a list. */
  id: string;
  group: Group;
  title: string;
  detail?: string;
  keys?: string;
  /** Why it cannot be done now; it is shown, and choosing it does nothing. */
  hindrance?: string | null;
  /** It was found by older words: Enter does not take it. */
  older?: boolean;
  /** Keeps the palette open: the entry asks for more words. */
  stays?: boolean;
  run(): void;
}

const ORDER: readonly Group[] = ["Recent", "Actions", "Cars", "Deals", "Customers"];
const MOST_OF_GROUP = 8;

/** Returns the entries of the page that match all words, the best first, then what was found elsewhere, by group. */
export function offered(text: string, own: readonly Entry[], found: readonly Entry[]): Entry[] {
  const words = wordsOf(text);
  const matching = own
    .map((entry) => ({ entry, weight: weightOf(entry, words) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ entry }) => entry);
  const all = [...matching, ...found];
  const limit = words.length === 0 ? Number.POSITIVE_INFINITY : MOST_OF_GROUP;
  return ORDER.flatMap((group) => all.filter((entry) => entry.group === group).slice(0, limit));
}

/** How well an entry fits: all words must occur in it; those that begin a word of its title count most. */
function weightOf({ title, detail = "" }: Entry, words: readonly string[]): number {
  const name = ` ${title.toLowerCase()}`;
  const rest = ` ${detail.toLowerCase()}`;
  let weight = 1;
  for (const word of words) {
    if (name.startsWith(` ${word}`)) weight += 8;
    else if (name.includes(` ${word}`)) weight += 4;
    else if (name.includes(word) || rest.includes(` ${word}`)) weight += 1;
    else return 0;
  }
  return weight;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** Returns the place after a step through `count` entries: from the last to the first and back. */
export function stepped(at: number, by: number, count: number): number {
  return count === 0 ? -1 : (at + by + count) % count;
}

/** Returns the place of the entry that Enter takes: the chosen one wherever it moves, else the first. */
export function activePlace(entries: readonly Entry[], chosen: string | null): number {
  const place = entries.findIndex(({ id }) => id === chosen);
  return place < 0 && entries.length > 0 ? 0 : place;
}

/** A deal that was open in this tab. */
export interface Recent {
  id: string;
  title: string;
}

const MOST_RECENT = 6;

/** Returns the recent deals after one was opened: the newest first, each once. */
export function withRecent(recent: readonly Recent[], opened: Recent): Recent[] {
  return [opened, ...recent.filter(({ id }) => id !== opened.id)].slice(0, MOST_RECENT);
}
