// The pages of managers are scripts of their own: a salesperson's browser does not load them.
import { signal } from "@preact/signals";

const SCRIPTS = {
  desk: async () => (await import("./wall-page")).WallPage,
  security: async () => (await import("./security-page")).SecurityPage,
};

type PageName = keyof typeof SCRIPTS;
type Loaded = { [Name in PageName]?: Awaited<ReturnType<(typeof SCRIPTS)[Name]>> };

export class ManagersPages {
  /** The pages whose script is here. */
  readonly loaded = signal<Loaded>({});
  /** Whether a script did not come: it was replaced by a newer one, or the network is gone. */
  readonly failed = signal(false);

  /** Loads all of them at once: later moves between pages ask the server for nothing. */
  async load(): Promise<void> {
    await Promise.all((Object.keys(SCRIPTS) as PageName[]).map((name) => this.fetch(name)));
  }

  private async fetch(name: PageName): Promise<void> {
    try {
      const page = await SCRIPTS[name]();
      this.loaded.value = { ...this.loaded.value, [name]: page };
    } catch {
      this.failed.value = true;
    }
  }
}
