// Edits that the server does not have yet, kept by the browser's tab: they survive a reload and a new sign-in of the
// same person, and nothing else. The tab's own store ends with the tab.
import type { Field } from "./edits";

export interface KeptEdit {
  field: Field;
  value: unknown;
  /** What the server had when the edit began. */
  base: unknown;
}

/** Where a page keeps text under a name for as long as its tab is open. */
export interface Shelf {
  read(name: string): string | null;
  /** Null takes it away. */
  write(name: string, text: string | null): void;
}

const PREFIX = "deal-architect.edits.";

export class KeptEdits {
  private readonly name: string;

  constructor(
    private readonly shelf: Shelf,
    userId: string,
    dealId: string,
  ) {
    this.name = `${PREFIX}${userId}.${dealId}`;
  }

  take(): KeptEdit[] {
    const text = this.shelf.read(this.name);
    if (text === null) return [];
    try {
      const edits: unknown = JSON.parse(text);
      return Array.isArray(edits) ? edits : [];
    } catch {
      return [];
    }
  }

  keep(edits: readonly KeptEdit[]): void {
    this.shelf.write(this.name, edits.length === 0 ? null : JSON.stringify(edits));
  }
}

/** Returns the names of all kept edits, for a sign-out. */
export function keptNames(names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(PREFIX));
}
