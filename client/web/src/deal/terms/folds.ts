// Which parts of the form are open: this person's own choice, kept for their next deals.
import { signal } from "@preact/signals";

/** Keeps small texts for this person, as the browser's storage does. */
export interface Keeper {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const KEY = "deal-architect.folds";

export class Folds {
  private readonly opened;

  constructor(private readonly keeper: Keeper | null) {
    this.opened = signal<ReadonlySet<string>>(new Set(read(keeper)));
  }

  isOpen(name: string): boolean {
    return this.opened.value.has(name);
  }

  /** Opens or closes a fold. One that opens by itself, because of an error, is not remembered as open. */
  turn(name: string, open: boolean, remembered = true): void {
    if (this.isOpen(name) === open) return;
    const names = new Set(this.opened.value);
    if (open) names.add(name);
    else names.delete(name);
    this.opened.value = names;
    if (remembered) this.keep(name, open);
  }

  private keep(name: string, open: boolean): void {
    const others = read(this.keeper).filter((each) => each !== name);
    try {
      this.keeper?.setItem(KEY, JSON.stringify(open ? [...others, name] : others));
    } catch {
      // A full or forbidden storage: the fold is as the person left it until the page is closed.
    }
  }
}

function read(keeper: Keeper | null): string[] {
  try {
    const names: unknown = JSON.parse(keeper?.getItem(KEY) ?? "[]");
    return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
  } catch {
    return [];
  }
}
