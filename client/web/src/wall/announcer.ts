// What a screen reader is told, politely: several lines that come together are one message.
import { signal } from "@preact/signals";
import type { Cancel, Environment } from "../live/environment";

const TOGETHER_MS = 600;

export class Announcer {
  readonly text = signal("");
  private lines: string[] = [];
  private waiting: Cancel | null = null;

  constructor(private readonly environment: Pick<Environment, "later">) {}

  say(line: string): void {
    this.lines = [...this.lines.filter((other) => other !== line), line];
    this.waiting ??= this.environment.later(TOGETHER_MS, () => {
      this.waiting = null;
      this.text.value = this.lines.join(". ");
      this.lines = [];
    });
  }

  stop(): void {
    this.waiting?.();
  }
}
