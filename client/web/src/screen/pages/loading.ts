// What only managers have is in scripts of its own: a salesperson's browser does not load them.
import { signal } from "@preact/signals";

const SCRIPTS = {
  dialogs: async () => (await import("./managers-desk")).DIALOGS,
  desk: async () => (await import("./wall-page")).WallPage,
  security: async () => (await import("./security-page")).SecurityPage,
};

type PartName = keyof typeof SCRIPTS;
type LoadedParts = { [Name in PartName]?: Awaited<ReturnType<(typeof SCRIPTS)[Name]>> };

export class ManagersParts {
  /** The parts whose script is here. */
  readonly loaded = signal<LoadedParts>({});
  /** Whether a script did not come: it was replaced by a newer one, or the network is gone. */
  readonly failed = signal(false);

  /** Loads all of them at once: later moves between pages ask the server for nothing. */
  async load(): Promise<void> {
    await Promise.all((Object.keys(SCRIPTS) as PartName[]).map((name) => this.fetch(name)));
  }

  private async fetch(name: PartName): Promise<void> {
    try {
      const part = await SCRIPTS[name]();
      this.loaded.value = { ...this.loaded.value, [name]: part };
    } catch {
      this.failed.value = true;
    }
  }
}
