// Follows one channel: which messages to apply, in which order, and when to join again. Pure, no I/O.
import type { AnyEvent, AnyMessage, JoinReply, Position, Presence, Reply, SnapshotEnd, SnapshotRows } from "../wire";

export type Phase = "away" | "joining" | "loading" | "live";

/** What the owner of the channel does next, in order. */
export type Step =
  | { kind: "snapshot"; reply: JoinReply }
  | { kind: "recovered"; reply: JoinReply }
  | { kind: "rows"; message: SnapshotRows }
  | { kind: "whole" }
  | { kind: "event"; event: AnyEvent }
  | { kind: "presence"; message: Presence }
  | { kind: "rejoin" };

export class ChannelFollower {
  phase: Phase = "away";
  private ref = -1;
  private epoch = "";
  private seq = 0;
  private target = 0;
  private whole = false;

  constructor(readonly channel: string) {}

  /** The position for a join to resume from; null if no complete state was loaded yet. */
  get position(): Position | null {
    return this.whole ? { epoch: this.epoch, seq: this.seq } : null;
  }

  /** Whether everything that the server had at the join is here. */
  get current(): boolean {
    return this.phase === "live" && this.seq >= this.target;
  }

  /** The join `ref` was sent: nothing of the channel counts until its reply. */
  joined(ref: number): void {
    this.phase = "joining";
    this.ref = ref;
  }

  /** The connection is gone. */
  lost(): void {
    this.phase = "away";
  }

  /** The view changes: the loaded state must not be resumed. */
  forget(): void {
    this.phase = "away";
    this.whole = false;
  }

  /** Takes the reply to the join. A reply to an older join changes nothing. */
  replied(reply: Reply): Step[] {
    if (this.phase !== "joining" || reply.ref !== this.ref || !reply.ok || !reply.data) return [];
    const answer = reply.data as unknown as JoinReply;
    this.target = answer.seq;
    this.epoch = answer.epoch;
    if (answer.recovered) {
      this.phase = "live";
      return [{ kind: "recovered", reply: answer }];
    }
    this.seq = answer.seq;
    this.whole = false;
    this.phase = "loading";
    return [{ kind: "snapshot", reply: answer }];
  }

  /** Takes one message; messages of other channels, duplicates and unexpected messages give no step. */
  receive(message: AnyMessage): Step[] {
    if (!("channel" in message) || message.channel !== this.channel) return [];
    if (this.phase === "away" || this.phase === "joining") return [];
    if (message.type === "resync") return this.again();
    if (message.type === "presence") return [{ kind: "presence", message }];
    if (message.type === "snapshot_rows" || message.type === "snapshot_end") return this.load(message);
    return this.follow(message);
  }

  private load(message: SnapshotRows | SnapshotEnd): Step[] {
    if (this.phase !== "loading" || message.ref !== this.ref) return [];
    if (message.type === "snapshot_rows") return [{ kind: "rows", message }];
    this.phase = "live";
    this.whole = true;
    return [{ kind: "whole" }];
  }

  private follow(event: AnyEvent): Step[] {
    // Not sequenced (a later server's message): nothing to count, nothing that this version knows.
    if (typeof event.seq !== "number" || event.seq <= this.seq) return [];
    if (event.seq > this.seq + 1) return this.again();
    this.seq = event.seq;
    return [{ kind: "event", event }];
  }

  private again(): Step[] {
    this.phase = "away";
    return [{ kind: "rejoin" }];
  }
}
