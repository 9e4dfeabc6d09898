// Which parts of the form are open: this person's own choice, kept for their next deals.
import { signal } from "@preact/signals";

/** Keeps small texts for this person. */
interface Keeper {
  read(name: string): string | null;
  write(name: string, text: string): void;
}

const KEY = "deal-architect.folds";

export class Folds {
  private readonly opened;

  constructor(private readonly keeper: Keeper) {
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
    this.keeper.write(KEY, JSON.stringify(open ? [...others, name] : others));
  }
}

function read(keeper: Keeper): string[] {
  try {
    const names: unknown = JSON.parse(keeper.read(KEY) ?? "[]");
    return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
  } catch {
    return [];
  }
}
