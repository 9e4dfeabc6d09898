// What a screen reader is told, politely: lines that come together are one message, and a newer line about the same
// matter replaces the older one.
import { signal } from "@preact/signals";
import type { Cancel, Environment } from "./environment";

const TOGETHER_MS = 600;

export class Announcer {
  readonly text = signal("");
  private readonly lines = new Map<string, string>();
  private waiting: Cancel | null = null;

  constructor(private readonly environment: Pick<Environment, "later">) {}

  /** Says a line soon. `about` names what it is about; lines about the same are not said one after another. */
  say(line: string, about = line): void {
    this.lines.delete(about);
    this.lines.set(about, line);
    this.waiting ??= this.environment.later(TOGETHER_MS, () => {
      this.waiting = null;
      const text = [...this.lines.values()].join(". ");
      // The same words again must be another text: a region that does not change is not read out.
      this.text.value = text === this.text.value ? `${text}\u00a0` : text;
      this.lines.clear();
    });
  }

  stop(): void {
    this.waiting?.();
  }
}
