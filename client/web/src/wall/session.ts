// The wall of a store on the screen, or its list of deals: joins its channel and keeps the rows that its events replace.
import { type ReadonlySignal, signal } from "@preact/signals";
import { ChannelFollower, type Step } from "../live/channel";
import { Connection, type Link, type Listener, type PulseNews, type Request } from "../live/connection";
import type { Cancel, Environment } from "../live/environment";
import type { Standing } from "../live/standing";
import { Truth } from "../live/truth";
import type { AnyMessage, ErrorBody, Present, Reply, View, Welcome } from "../wire";
import { type Rows, summariesOf, taken } from "./fold";

const JOIN_AGAIN_MS = 2_000;

export class WallSession implements Listener {
  readonly truth: Truth;
  readonly failure = signal<ErrorBody | null>(null);
  readonly rows = signal<Rows>(new Map());
  readonly here = signal<readonly Present[]>([]);
  readonly name = signal<string | null>(null);
  /**
   * By how much the server's clock is ahead of this machine's, in milliseconds: waiting times use the server's clock.
   */
  readonly ahead = signal(0);
  readonly unsaved = 0;

  private readonly channel: ChannelFollower;
  private readonly connection: Connection;
  private joinAgain: Cancel = () => {};

  constructor(
    channel: string,
    private readonly view: View,
    address: string,
    private readonly environment: Environment,
  ) {
    this.truth = new Truth(environment.build());
    this.channel = new ChannelFollower(channel);
    this.connection = new Connection(address, environment, this);
    this.connection.start();
  }

  get standing(): ReadonlySignal<Standing> {
    return this.truth.standing;
  }

  close(): void {
    this.joinAgain();
    this.connection.stop();
  }

  retryNow(): void {
    this.connection.hurry();
  }

  /** Sends a command; returns whether there is a connection. One with an `op` is kept until there is. */
  readonly ask = (request: Request, replied: (reply: Reply) => void): boolean =>
    this.connection.send(request, replied) !== null;

  welcomed(welcome: Welcome): void {
    this.truth.welcomed(welcome);
    this.ahead.value = Date.parse(welcome.server_time) - this.environment.now();
    this.join();
  }

  received(message: AnyMessage): void {
    if (message.type === "notice") this.truth.notice.value = message.code === "recovered" ? null : message;
    else this.take(this.channel.receive(message));
  }

  drained(): void {
    this.truth.current.value = this.channel.current;
  }

  changed(link: Link): void {
    if (link.kind !== "open") this.channel?.lost();
    this.truth.changed(link);
  }

  pulsed(news: PulseNews): void {
    this.truth.pulsed(news);
  }

  private join(): void {
    this.joinAgain();
    const request = {
      type: "join",
      channel: this.channel.channel,
      view: this.view,
      since: this.channel.position,
    } as const;
    const ref = this.connection.send(request, (reply) => this.joinReplied(reply));
    if (ref !== null) this.channel.joined(ref);
  }

  private joinReplied(reply: Reply): void {
    this.failure.value = reply.ok ? null : (reply.error ?? null);
    if (reply.ok) {
      this.take(this.channel.replied(reply));
      this.connection.resend();
    } else if (!reply.error?.retry) this.rows.value = new Map();
    else this.joinAgain = this.environment.later(JOIN_AGAIN_MS * (1 + this.environment.random()), () => this.join());
  }

  private take(steps: Step[]): void {
    for (const step of steps) {
      if (step.kind === "rejoin") this.join();
      else if (step.kind === "presence") this.here.value = step.message.here;
      else if (step.kind === "snapshot") {
        this.rows.value = new Map();
        this.name.value = step.reply.snapshot?.desk?.name ?? null;
        this.here.value = step.reply.snapshot?.desk?.presence ?? [];
      } else if (step.kind === "rows") {
        this.rows.value = summariesOf(step.message).reduce(taken, this.rows.value);
      } else if (step.kind === "event" && step.event.type === "deal_summary") {
        this.rows.value = taken(this.rows.value, step.event);
      }
    }
  }
}
