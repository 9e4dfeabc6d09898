// Whether the other side answers: when to ask it, and when to give it up. Pure, the time is an argument.

const SECONDS = 1_000;
/** How long nothing may be heard before the page asks, and how long it then waits for any message. */
const ASK_AFTER_MS = 4 * SECONDS;
const ANSWER_WITHIN_MS = 4 * SECONDS;
/** The same for a page that nobody sees: its timers are throttled, and nobody is misled meanwhile. */
const HIDDEN_ASK_AFTER_MS = 25 * SECONDS;
const HIDDEN_ANSWER_WITHIN_MS = 10 * SECONDS;
/** How long what was heard last counts as live. */
const LIVE_MS = 5 * SECONDS;
/** How long a page that just woke waits for an answer. */
const WAKE_WITHIN_MS = 2 * SECONDS;
/** What was heard so recently needs no check on waking. */
const RECENT_MS = 1 * SECONDS;
/** A visible page looks every second. If it did not for so long, it was asleep or busy itself. */
const SLEPT_MS = 2.5 * SECONDS;

/** `silent`: no answer for 8 s. `stale`: no answer on waking, so what stands on the page is old. */
export type Beat = "fresh" | "checking" | "silent" | "stale";

export type Act = "ask" | "give_up" | null;

export class Pulse {
  private heardAt = 0;
  private steppedAt = 0;
  /** Until when an answer must come; null if none is awaited. */
  private limit: number | null = null;
  private waking = false;
  private given: "silent" | "stale" | null = null;

  /** A connection is welcomed at `t`: the page begins afresh. */
  begin(t: number): void {
    this.given = null;
    this.steppedAt = t;
    this.heard(t);
  }

  /** Any message came. */
  heard(t: number): void {
    this.heardAt = t;
    this.limit = null;
    this.waking = false;
  }

  /** The connection ended by itself: what is wrong is no longer the silence. */
  ended(): void {
    this.given = null;
    this.limit = null;
  }

  /** The page woke, or the network says that it changed: returns whether to ask at once. */
  wake(t: number): boolean {
    this.steppedAt = t;
    if (t - this.heardAt < RECENT_MS) return false;
    this.limit = Math.min(this.limit ?? Number.POSITIVE_INFINITY, t + WAKE_WITHIN_MS);
    this.waking = true;
    return true;
  }

  /** Returns what to do at `t`. Called at least once a second while the page is visible. */
  step(t: number, visible: boolean): Act {
    const slept = visible && t - this.steppedAt > SLEPT_MS;
    this.steppedAt = t;
    // Its messages may still stand in line behind this: nothing is given up for the page's own sleep.
    if (slept && t - this.heardAt >= RECENT_MS) {
      this.limit = null;
      return this.wake(t) ? "ask" : null;
    }
    if (this.limit !== null) return t >= this.limit ? this.giveUp() : null;
    const [after, within] = visible ? [ASK_AFTER_MS, ANSWER_WITHIN_MS] : [HIDDEN_ASK_AFTER_MS, HIDDEN_ANSWER_WITHIN_MS];
    if (t - this.heardAt < after) return null;
    this.limit = Math.max(this.heardAt + after, t - RECENT_MS) + within;
    return "ask";
  }

  /** Returns when the next step is due at the latest. */
  due(visible: boolean): number {
    const due = [this.limit ?? this.heardAt + (visible ? ASK_AFTER_MS : HIDDEN_ASK_AFTER_MS)];
    if (this.heardAt + LIVE_MS > this.steppedAt) due.push(this.heardAt + LIVE_MS);
    return Math.min(...due);
  }

  beat(t: number): Beat {
    return this.given ?? (t - this.heardAt < LIVE_MS ? "fresh" : "checking");
  }

  /** For how long nothing has been heard. */
  quiet(t: number): number {
    return Math.max(0, t - this.heardAt);
  }

  private giveUp(): Act {
    this.given = this.waking ? "stale" : "silent";
    this.limit = null;
    return "give_up";
  }
}

/** A jump of the wall clock that the other clock does not know: the machine slept, or its clock was set. */
const JUMP_MS = 1 * SECONDS;

/** A clock that never goes back and that counts the time in which the machine slept. */
export class WakefulClock {
  private extra = 0;
  private last: { elapsed: number; now: number } | null = null;

  read(elapsed: number, now: number): number {
    if (this.last) {
      const jump = now - this.last.now - (elapsed - this.last.elapsed);
      if (jump > JUMP_MS) this.extra += jump;
    }
    this.last = { elapsed, now };
    return elapsed + this.extra;
  }
}
