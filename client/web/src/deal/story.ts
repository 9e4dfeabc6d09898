// The older pages of a deal's story, each asked for once.
import { signal } from "@preact/signals";
import type { HistoryPage, Reply } from "../wire";

const AT_ONCE = 50;

export interface StoryPort {
  /** The number of the oldest event that is known; null if there is no older one. */
  oldest(): number | null;
  /** Asks for the events before a number; returns whether there is a connection. */
  ask(before: number, limit: number, replied: (reply: Reply) => void): boolean;
  /** Takes a page that still fits. */
  add(page: HistoryPage): void;
}

export class Story {
  readonly asking = signal(false);

  constructor(private readonly port: StoryPort) {}

  /** Asks for the page before the oldest event. */
  older(): void {
    const before = this.port.oldest();
    if (before === null || this.asking.value) return;
    this.asking.value = true;
    const sent = this.port.ask(before, AT_ONCE, (reply) => {
      this.asking.value = false;
      if (reply.ok && this.port.oldest() === before) this.port.add(reply.data as unknown as HistoryPage);
    });
    if (!sent) this.asking.value = false;
  }
}
