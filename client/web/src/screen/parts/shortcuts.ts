// The keys of every page in one table: it dispatches those of the page, and the help shows all of them.
import { useEffect, useRef } from "preact/hooks";

export type Place = "everywhere" | "deals" | "deal" | "grid" | "offer" | "field" | "wall";

export const PLACES: Record<Place, string> = {
  everywhere: "Everywhere",
  deals: "Deals",
  deal: "A deal",
  grid: "Cars",
  offer: "Payment grid and plot",
  field: "A field",
  wall: "Desk",
};

export interface Shortcut {
  place: Place;
  /** As a person reads it. */
  keys: string;
  does: string;
  /** Of keys that the page dispatches: what it calls; the others belong to the part that has the focus. */
  name?: Name;
  key?: string;
  /** With Ctrl, or Cmd on a Mac. */
  mod?: true;
}

export type Name = "palette" | "help" | "find" | "print" | "best" | "scenarios";

export const SHORTCUTS: readonly Shortcut[] = [
  {
    place: "everywhere",
    keys: "Ctrl K",
    does: "Find deals, customers, cars and actions",
    name: "palette",
    key: "k",
    mod: true,
  },
  { place: "everywhere", keys: "?", does: "These keys", name: "help", key: "?" },
  { place: "everywhere", keys: "Esc", does: "Close what opened last" },
  { place: "deals", keys: "/", does: "Find a customer or a deal", name: "find", key: "/" },
  {
    place: "deal",
    keys: "/",
    does: "Find a car by stock number, VIN or words, and filter the rows",
    name: "find",
    key: "/",
  },
  { place: "deal", keys: "Ctrl P", does: "Print the customer's paper", name: "print", key: "p", mod: true },
  { place: "deal", keys: "B", does: "Show the best deal", name: "best", key: "b" },
  { place: "deal", keys: "W", does: "Open and close the scenarios", name: "scenarios", key: "w" },
  { place: "grid", keys: "Arrows, Page Up, Page Down, Home, End", does: "Move through the cells" },
  { place: "grid", keys: "Ctrl Home, Ctrl End", does: "Go to the first or the last car" },
  { place: "grid", keys: "Enter", does: "Choose the car; on the name of a column, sort" },
  { place: "grid", keys: "P", does: "Pin the car for everyone on the deal, or let it go" },
  { place: "grid", keys: "C", does: "Mark the car; two or three are compared" },
  { place: "grid", keys: "S", does: "Sort by any column" },
  { place: "grid", keys: "R", does: "Move the best offers to the top" },
  { place: "offer", keys: "Arrows, Enter", does: "Move, and open that structure" },
  { place: "wall", keys: "/", does: "Find by customer, stock number or deal", name: "find", key: "/" },
  { place: "field", keys: "Enter", does: "Apply now" },
  { place: "field", keys: "Esc", does: "Undo what you typed" },
];

/** Which places a page has, in the order of its help. */
export const ON_PAGE: Record<"deals" | "deal" | "wall" | "security", readonly Place[]> = {
  deals: ["deals", "everywhere"],
  deal: ["deal", "grid", "offer", "field", "everywhere"],
  wall: ["wall", "everywhere"],
  security: ["everywhere"],
};

interface Pressed {
  key: string;
  mod: boolean;
  alt: boolean;
  /** Whether the person is typing into a field. */
  typing: boolean;
}

/** Returns what a key does at these places; null if it is not theirs. */
export function shortcutOf({ key, mod, alt, typing }: Pressed, places: readonly Place[]): Name | null {
  if (alt || (typing && !mod)) return null;
  const found = SHORTCUTS.find(
    (each) => places.includes(each.place) && each.key === key.toLowerCase() && (each.mod ?? false) === mod,
  );
  return found?.name ?? null;
}

type Handlers = Partial<Record<Name, () => void>>;

/** Dispatches the keys of these places while a part is on the screen. */
export function useShortcuts(places: readonly Place[], handlers: Handlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).matches?.("input, select, textarea") ?? false;
      const mod = event.ctrlKey || event.metaKey;
      const name = shortcutOf({ key: event.key, mod, alt: event.altKey, typing }, places);
      const act = name && latest.current[name];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
