// Which deals of the wall a manager looks at: of one person, in one state, found by words. Pure.
import { type Rows, type Standing, type Summary, standingOf } from "./fold";

export interface WallFilter {
  /** A salesperson's id; null: everybody's. */
  person: string | null;
  standing: Standing | null;
  text: string;
}

export const EVERYTHING: WallFilter = { person: null, standing: null, text: "" };

/** A choice of a filter, and how many deals it leaves. */
export interface Choice<T> {
  value: T;
  name: string;
  count: number;
}

/** Returns whether a deal passes. Each word stands in the customer's name, stock number, car, lender or the deal's id. */
export function passes(deal: Summary, { person, standing, text }: WallFilter): boolean {
  if (person !== null && deal.salesperson?.id !== person) return false;
  if (standing !== null && standingOf(deal) !== standing) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const said = [deal.customer, deal.stock_no, deal.car, deal.lender, deal.deal_id].join(" ").toLowerCase();
  return words.every((word) => said.includes(word));
}

/** Returns the salespeople of the wall by name, each with the deals that the rest of the filter leaves. */
export function peopleOf(rows: Rows, filter: WallFilter): Choice<string>[] {
  const found = new Map<string, Choice<string>>();
  for (const deal of rows.values()) {
    if (!deal.salesperson) continue;
    const { id, name } = deal.salesperson;
    const known = found.get(id) ?? { value: id, name, count: 0 };
    found.set(id, { ...known, count: known.count + Number(passes(deal, { ...filter, person: null })) });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Returns how many deals are in each state that some deal is in. */
export function standingsOf(rows: Rows, filter: WallFilter): ReadonlyMap<Standing, number> {
  const counts = new Map<Standing, number>();
  for (const deal of rows.values()) {
    const standing = standingOf(deal);
    if (!standing) continue;
    counts.set(standing, (counts.get(standing) ?? 0) + Number(passes(deal, { ...filter, standing: null })));
  }
  return counts;
}
