// The wall of a store on the screen, or its list of deals: joins its channel and keeps the rows that its events replace.
import { batch, signal } from "@preact/signals";
import { ChannelFollower, type Step } from "../live/channel";
import type { Link, Listener, PulseNews, Request } from "../live/connection";
import type { Cancel, Environment } from "../live/environment";
import { type Carrier, type Line, SharedConnection } from "../live/shared";
import { Truth } from "../live/truth";
import type { AnyMessage, ErrorBody, Present, Reply, View, Welcome } from "../wire";
import { type Rows, type Summary, summariesOf, takenAll } from "./fold";

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

  /** Where a deal that is opened on the wall connects: the same socket. */
  readonly line: Line;

  private readonly channel: ChannelFollower;
  private readonly shared: SharedConnection;
  private readonly connection: Carrier;
  private joinAgain: Cancel = () => {};
  /** The rows of a snapshot, until all of them are here. */
  private loading: { rows: Rows; name: string | null } | null = null;

  constructor(
    channel: string,
    private readonly view: View,
    address: string,
    private readonly environment: Environment,
  ) {
    this.truth = new Truth(environment.build());
    this.channel = new ChannelFollower(channel);
    this.shared = new SharedConnection(address, environment);
    this.line = this.shared;
    this.connection = this.shared.connect(this);
    this.connection.start();
    this.shared.start();
  }

  close(): void {
    this.joinAgain();
    this.shared.close();
  }

  /** Ends what the server sends of a deal that was open here. */
  leave(dealId: string): void {
    this.connection.send({ type: "leave", channel: `deal:${dealId}` }, () => {});
  }

  retryNow(): void {
    this.connection.hurry();
  }

  /** Sends a command; returns whether there is a connection. One with an `op` is kept until there is. */
  readonly ask = (request: Request, replied: (reply: Reply) => void): boolean => this.connection.ask(request, replied);

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
    if (link.kind !== "open") this.channel.lost();
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
        // What is on the screen stays until the new rows are whole: nothing flickers, and an open row stays open.
        this.loading = { rows: new Map(), name: step.reply.snapshot?.desk?.name ?? null };
        this.here.value = step.reply.snapshot?.desk?.presence ?? [];
      } else if (step.kind === "rows") this.add(summariesOf(step.message));
      else if (step.kind === "event" && step.event.type === "deal_summary") this.add([step.event]);
      else if (step.kind === "whole") this.loaded();
    }
  }

  private add(summaries: readonly Summary[]): void {
    if (this.loading) this.loading.rows = takenAll(this.loading.rows, summaries);
    else this.rows.value = takenAll(this.rows.value, summaries);
  }

  private loaded(): void {
    if (!this.loading) return;
    const { rows, name } = this.loading;
    this.loading = null;
    batch(() => {
      this.rows.value = rows;
      this.name.value = name;
    });
  }
}
