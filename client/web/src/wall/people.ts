// Who is in each deal of the wall now. Pure.
import type { Present } from "../wire";

export type PeopleByDeal = ReadonlyMap<string, readonly Present[]>;

/** Returns the other people of each deal; a list whose people are the same stays the same object, so its row is not drawn. */
export function peopleByDeal(before: PeopleByDeal, here: readonly Present[], own: string): PeopleByDeal {
  const found = new Map<string, Present[]>();
  for (const person of here) {
    const { deal_id: id, user_id: user } = person;
    if (id && user !== own) found.set(id, [...(found.get(id) ?? []), person]);
  }
  const kept = [...found].map(([id, people]): [string, readonly Present[]] => {
    const old = before.get(id);
    return [id, old && alike(old, people) ? old : people];
  });
  return new Map(kept);
}

function alike(one: readonly Present[], other: readonly Present[]): boolean {
  return one.length === other.length && one.every((person, i) => person.user_id === other[i]?.user_id);
}
