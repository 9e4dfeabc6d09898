// Watches when this page draws what a search finds, shows it beside the search's trace, and reports it.
import { signal } from "@preact/signals";
import type { AnyEvent, Reply, StageSpan } from "../../wire";
import { type Paint, Paints } from "./paints";

/** What is needed of the browser. */
interface Screen {
  frame(action: () => void): unknown;
  elapsed(): number;
  visible(): boolean;
}

export class PaintWatch {
  /** Changes whenever something of a search stood on the screen for the first time. */
  private readonly news = signal(0);
  private readonly paints: Paints;

  constructor(
    private readonly screen: Screen,
    report: (paint: Paint) => void,
  ) {
    this.paints = new Paints((paint) => {
      report({ ...paint, ms: rounded(paint.ms), after_ms: rounded(paint.after_ms) });
    });
  }

  /** A `search` or `terms` leaves; returns what takes its reply before `replied` does. */
  left(op: string, replied: (reply: Reply) => void): (reply: Reply) => void {
    this.paints.left(op, this.screen.elapsed());
    return (reply) => {
      const { search_id, version } = reply.data ?? {};
      if (typeof search_id === "string") this.paints.searched(op, search_id);
      else if (typeof version === "number") this.paints.decided(op, version);
      replied(reply);
    };
  }

  heard(event: AnyEvent): void {
    this.paints.heard(event, this.screen.elapsed(), this.screen.visible());
  }

  /** Rows were published: they are in the DOM before this frame is drawn, and the next one's callback follows that. */
  published(): void {
    const { current, pending } = this.paints;
    if (pending.length === 0) return;
    this.screen.frame(() => {
      if (this.paints.drawn(current, pending, this.screen.elapsed())) this.news.value += 1;
    });
  }

  /** What this page drew of a search, as spans of its trace; none if somebody else asked for the search. */
  spans(searchId: string): StageSpan[] {
    void this.news.value;
    return this.paints.spans(searchId);
  }

  /** Another view is shown. */
  clear(): void {
    this.paints.clear();
  }
}

/** Tenths of a millisecond are more than a frame tells. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
