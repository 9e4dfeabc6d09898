// Joins a deal's channel, and again while the server cannot let anybody in.
import type { ChannelFollower } from "../live/channel";
import type { Cancel, Environment } from "../live/environment";
import type { ErrorBody, Reply, View } from "../wire";
import type { Send } from "./pencil/pencil-port";
import { retryAfterMs } from "./terms/retry";

const JOIN_AGAIN_MS = 2_000;

export interface JoiningPort {
  /** Whether to get the cars of the deal's search. */
  rows: boolean;
  /** The view to join in. */
  view(): View;
  joined(reply: Reply): void;
  refused(error: ErrorBody | null): void;
}

export class Joining {
  /** Ends the wait for another attempt. */
  stop: Cancel = () => {};

  constructor(
    private readonly channel: ChannelFollower,
    private readonly send: Send,
    private readonly environment: Environment,
    private readonly port: JoiningPort,
  ) {}

  join(): void {
    this.stop();
    const { channel, position: since } = this.channel;
    const { rows } = this.port;
    const request = { type: "join", channel, view: this.port.view(), since, rows } as const;
    const ref = this.send(request, (reply) => this.replied(reply));
    if (ref !== null) this.channel.joined(ref);
  }

  private replied(reply: Reply): void {
    if (reply.ok) {
      this.port.joined(reply);
      return;
    }
    this.port.refused(reply.error ?? null);
    if (!reply.error?.retry) return;
    const wait = Math.max(JOIN_AGAIN_MS, retryAfterMs(reply.error)) * (1 + this.environment.random());
    this.stop = this.environment.later(wait, () => this.join());
  }
}
