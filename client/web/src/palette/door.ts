// What the palette of the page offers now, and whether it is open. One for the page, whichever route it shows.
import { type Signal, signal } from "@preact/signals";
import type { Found } from "../deal/stock/finder";
import type { Row } from "../deal/stock/rows";
import type { Lookup, StoreLists } from "../store/lists";
import type { Entry, Recent } from "./entries";

/** The cars of the deal on the screen. */
export interface Cars {
  readonly found: { readonly value: Found };
  look(text: string): void;
  clear(): void;
  visit(row: Row): void;
}

/** What a page gives the palette. */
export interface Source {
  /** What can be done on the page now. */
  entries(): Entry[];
  lists: StoreLists;
  lookup: Lookup;
  cars: Cars | null;
}

/** `new_deal`: the words are a customer's, and choosing one begins a deal. */
export type Mode = "all" | "new_deal";

export class PaletteDoor {
  readonly mode = signal<Mode | null>(null);
  readonly source: Signal<Source | null> = signal(null);
  readonly recent = signal<readonly Recent[]>([]);

  open(mode: Mode = "all"): void {
    this.mode.value = mode;
  }

  close(): void {
    this.mode.value = null;
  }
}
