// What only managers have is a script of its own: a salesperson's browser does not load it.
import { signal } from "@preact/signals";

type Parts = typeof import("./managers").PARTS;

export class ManagersParts {
  /** The parts, once their script is here. */
  readonly loaded = signal<Partial<Parts>>({});
  /** Whether the script did not come: it was replaced by a newer one, or the network is gone. */
  readonly failed = signal(false);

  /** Loads all of them at once: later moves between pages ask the server for nothing. */
  async load(): Promise<void> {
    try {
      this.loaded.value = (await import("./managers")).PARTS;
    } catch {
      this.failed.value = true;
    }
  }
}
