// The wall of a store on the screen, or its list of deals: joins its channel and keeps the rows that its events replace.
import { computed, signal } from "@preact/signals";
import { ChannelFollower, type Step } from "../live/channel";
import { Connection, type Link, type Listener } from "../live/connection";
import type { Cancel, Environment } from "../live/environment";
import type { AnyMessage, ErrorBody, Notice, Present, Reply, View, Welcome } from "../wire";
import { type Rows, summariesOf, taken } from "./fold";

const JOIN_AGAIN_MS = 2_000;

export class WallSession implements Listener {
  readonly link = signal<Link>({ kind: "connecting", attempt: 0 });
  readonly notice = signal<Notice | null>(null);
  readonly failure = signal<ErrorBody | null>(null);
  readonly rows = signal<Rows>(new Map());
  readonly here = signal<readonly Present[]>([]);
  readonly name = signal<string | null>(null);
  readonly current = signal(false);
  /**
   * By how much the server's clock is ahead of this machine's, in milliseconds: waiting times use the server's clock.
   */
  readonly ahead = signal(0);
  readonly standing = computed(() => {
    const link = this.link.value;
    if (link.kind === "ended") return "ended";
    if (link.kind === "waiting") return "offline";
    return this.current.value ? "live" : "catching_up";
  });
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
    this.channel = new ChannelFollower(channel);
    this.connection = new Connection(address, environment, this);
    this.connection.start();
  }

  close(): void {
    this.joinAgain();
    this.connection.stop();
  }

  retryNow(): void {
    this.connection.hurry();
  }

  welcomed(welcome: Welcome): void {
    this.notice.value = null;
    this.ahead.value = Date.parse(welcome.server_time) - this.environment.now();
    this.join();
  }

  received(message: AnyMessage): void {
    if (message.type === "notice") this.notice.value = message.code === "recovered" ? null : message;
    else this.take(this.channel.receive(message));
  }

  drained(): void {
    this.current.value = this.channel.current;
  }

  changed(link: Link): void {
    if (link.kind !== "open") {
      this.channel?.lost();
      this.current.value = false;
    }
    this.link.value = link;
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
    if (reply.ok) this.take(this.channel.replied(reply));
    else if (!reply.error?.retry) this.rows.value = new Map();
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
