// Keeps rows in their places while somebody may look at them: what would move them waits and is counted. Pure.
import type { Rows } from "./fold";
import type { Item, Section, SectionName } from "./sections";

export interface ShownItem extends Item {
  /** Whether the deal has left this section; its row stays until the rows are put in order. */
  gone: boolean;
}

export interface ShownSection {
  name: SectionName;
  items: readonly ShownItem[];
  /** How many belong here now, whatever is shown. */
  count: number;
  due: number;
  /** How many new ones wait until the rows may move. */
  pending: number;
}

/** The places that the queue keeps: as many rows stand there, or come and go, without moving what is below. */
export const QUEUE_PLACES = 5;

/**
 * Returns what to show. In a section that is `held` each row stays where it is, with its newest contents; one that waits
 * for the desk takes a free place at the end of the queue, and every other new row waits.
 */
export function arranged(
  before: readonly ShownSection[],
  now: readonly Section[],
  rows: Rows,
  held: (name: SectionName) => boolean,
) {
  return now.map((section): ShownSection => {
    const shown = before.find(({ name }) => name === section.name)?.items ?? [];
    const { name, due } = section;
    const count = section.items.length;
    if (!held(name)) return { name, due, count, pending: 0, items: section.items.map(present) };
    const fresh = new Map(section.items.map((item) => [item.key, item]));
    const kept = shown.map((item) => {
      const current = fresh.get(item.key);
      return current ? present(current) : { ...item, deal: rows.get(item.deal.deal_id) ?? item.deal, gone: true };
    });
    const places = new Set(shown.map(({ key }) => key));
    const arrived = section.items.filter(({ key }) => !places.has(key));
    const room = name === "waiting" ? Math.max(0, QUEUE_PLACES - kept.length) : 0;
    const items = [...kept, ...arrived.slice(0, room).map(present)];
    return { name, due, count, pending: Math.max(0, arrived.length - room), items };
  });
}

/** Whether rows stand in places that are no longer theirs. */
export function isOutOfOrder(shown: readonly ShownSection[], now: readonly Section[]): boolean {
  const keys = (items: readonly Item[]) => items.map(({ key }) => key).join();
  return now.some(({ name, items }) => keys(items) !== keys(shown.find((each) => each.name === name)?.items ?? []));
}

function present(item: Item): ShownItem {
  return { ...item, gone: false };
}
