// One WebSocket and its life: welcome, refs, resending, silence, reconnecting. Independent of deals.
import { parseReadable } from "../text/readable";
import type { AnyCommand, AnyMessage, ErrorBody, Reply, Welcome } from "../wire";
import { reconnectDelay } from "./backoff";
import type { Cancel, Environment, Socket } from "./environment";
import { type Beat, Pulse, WakefulClock } from "./pulse";
import { SIGNED_OUT } from "./standing";

const SECONDS = 1_000;
const TICK_MS = 1 * SECONDS;
const HIDDEN_TICK_MS = 30 * SECONDS;
const HANDSHAKE_MS = 10 * SECONDS;
const STALE_HANDSHAKE_MS = 2 * SECONDS;
const SUBPROTOCOL = "deal.v1";
const ABNORMAL = 1006;

export type Link =
  | { kind: "connecting"; attempt: number }
  | { kind: "open" }
  | { kind: "waiting"; until: number; attempt: number; code: number; since: number }
  | { kind: "ended"; code: number };

/** A command without its ref, which the connection gives. */
export type Request = AnyCommand extends infer C ? (C extends AnyCommand ? Omit<C, "ref"> : never) : never;

/** What is known of the other side: told each second while it matters. */
export interface PulseNews {
  beat: Beat;
  quietMs: number;
  /** When the last message came, and the time now, by this machine's clock. */
  heardAt: number | null;
  now: number;
}

export interface Listener {
  welcomed(welcome: Welcome): void;
  received(message: AnyMessage): void;
  /** All messages of one frame are handled: a good moment to draw. */
  drained(): void;
  changed(link: Link): void;
  pulsed(news: PulseNews): void;
}

interface Pending {
  request: Request;
  replied: (reply: Reply) => void;
  /** Whether a lost connection is an answer too. */
  asked: boolean;
}

/** The answer to a question for which there is no connection. */
export const AWAY: ErrorBody = {
  code: "busy",
  message: "No connection. Try again later.",
  retry: true,
  detail: {},
};

/** The answer to a command that the server does not know yet. */
export const NOT_YET: ErrorBody = {
  ...AWAY,
  code: "degraded",
  message: "Server upgrade. Try again later.",
};

/** An answer that no server gave. */
const refusal = (error: ErrorBody): Reply => ({ type: "reply", ref: 0, ok: false, error });

export class Connection {
  private socket: Socket | null = null;
  private link: Link = { kind: "connecting", attempt: 0 };
  private attempt = 0;
  private nextRef = 1;
  private readonly pending = new Map<number, Pending>();
  /** Commands with an `op` whose reply the old socket never brought. */
  private unanswered: Pending[] = [];
  private handshake: Cancel = () => {};
  private retry: Cancel = () => {};
  private beating: Cancel = () => {};
  private asleep: Cancel = () => {};
  private readonly pulse = new Pulse();
  private readonly clock = new WakefulClock();
  private heardAt: number | null = null;
  private openedAt = 0;
  private userId: string | null = null;
  private known: readonly string[] = [];

  constructor(
    private readonly url: string,
    private readonly environment: Environment,
    private readonly listener: Listener,
  ) {}

  /** Opens the socket, and again whenever it is lost. */
  start(): void {
    this.asleep = this.environment.woken(() => this.wake());
    this.open();
    this.look();
  }

  private reopen(): void {
    const socket = this.socket;
    this.handshake();
    this.open();
    socket?.close();
  }

  private open(): void {
    this.retry();
    this.openedAt = this.time();
    this.set({ kind: "connecting", attempt: this.attempt });
    const socket = this.environment.open(this.url, SUBPROTOCOL, {
      message: (text) => socket === this.socket && this.read(text),
      closed: (code) => socket === this.socket && this.closed(code),
    });
    this.socket = socket;
    this.handshake = this.environment.later(HANDSHAKE_MS, () => this.abandon());
  }

  /** Closes for good. */
  stop(): void {
    this.retry();
    this.handshake();
    this.beating();
    this.asleep();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Tries at once if a wait is running, because the network or the person says so. */
  hurry(): void {
    if (this.link.kind === "waiting") this.open();
  }

  /** Checks at once whether the page is current: it was asleep, or the network changed. */
  private wake(): void {
    this.hurry();
    // A handshake that began before the sleep leads nowhere.
    if (this.link.kind === "connecting" && this.time() - this.openedAt > STALE_HANDSHAKE_MS) this.reopen();
    if (this.link.kind === "open" && this.pulse.wake(this.time())) this.ping();
    this.look();
  }

  /**
   * Sends a command and calls `replied` with its one answer; returns the ref, or null if there is no connection. A
   * command with an `op` is kept then, and while it is unanswered, and goes out again by `resend`; others are dropped,
   * and answered only if they were `asked`.
   */
  send(request: Request, replied: (reply: Reply) => void, asked = false): number | null {
    if (this.link.kind !== "open" || !this.socket) {
      if ("op" in request) this.unanswered.push({ request, replied, asked });
      return null;
    }
    const ref = this.nextRef++;
    if (this.known[0] && !this.known.includes(request.type)) {
      // A newer page on a server that is still to be upgraded: an unknown command is not sent.
      queueMicrotask(() => replied(refusal(NOT_YET)));
      return ref;
    }
    this.pending.set(ref, { request, replied, asked });
    this.socket.send(JSON.stringify({ ...request, ref }));
    return ref;
  }

  /**
   * Asks a question; returns whether there is a connection. If that is lost before the answer, the answer is `AWAY`: whoever
   * asked does not wait for ever. A command with an `op` is kept and sent again, as by `send`.
   */
  ask(request: Request, replied: (reply: Reply) => void): boolean {
    return this.send(request, replied, true) !== null;
  }

  /** Sends what the old socket left unanswered, with the same `op`, so that nothing is done twice. */
  resend(): void {
    const kept = this.unanswered;
    this.unanswered = [];
    for (const { request, replied, asked } of kept) this.send(request, replied, asked);
  }

  private read(text: string): void {
    this.heard();
    for (const line of text.split("\n")) {
      if (line.trim() !== "") this.dispatch(parseReadable(line) as AnyMessage);
    }
    this.listener.drained();
  }

  private dispatch(message: AnyMessage): void {
    if (message.type === "welcome") {
      this.welcomed(message);
    } else if (message.type === "reply") {
      const pending = this.pending.get(message.ref);
      this.pending.delete(message.ref);
      pending?.replied(message);
    } else {
      this.listener.received(message);
    }
  }

  private welcomed(welcome: Welcome): void {
    if (this.userId !== null && this.userId !== welcome.user.id) {
      // Somebody else has signed in in this browser: what this person left unsent must not go out in their name.
      this.end();
      return;
    }
    this.userId = welcome.user.id;
    this.known = welcome.commands;
    this.attempt = 0;
    this.handshake();
    this.pulse.begin(this.time());
    this.set({ kind: "open" });
    this.look();
    this.listener.welcomed(welcome);
  }

  private heard(): void {
    const time = this.time();
    const doubted = this.pulse.beat(time) !== "fresh";
    this.heardAt = this.environment.now();
    this.pulse.heard(time);
    if (doubted) this.look();
  }

  /** Any message answers; the reply itself says nothing more. */
  private ping(): void {
    this.send({ type: "ping" }, () => {});
  }

  /** Asks, or gives the socket up, when it is time; looks again in a second or when the next is due. */
  private look(): void {
    this.beating();
    const time = this.time();
    const visible = this.environment.visible();
    if (this.link.kind === "open") {
      const act = this.pulse.step(time, visible);
      if (act === "ask") this.ping();
      else if (act === "give_up") this.abandon();
    }
    const { heardAt } = this;
    const now = this.environment.now();
    this.listener.pulsed({ beat: this.pulse.beat(time), quietMs: this.pulse.quiet(time), heardAt, now });
    if (this.link.kind === "ended") return;
    const tick = visible ? TICK_MS : HIDDEN_TICK_MS;
    const due = this.link.kind === "open" ? this.pulse.due(visible) - time : tick;
    this.beating = this.environment.later(Math.max(1, Math.min(tick, due)), () => this.look());
  }

  private time(): number {
    return this.clock.read(this.environment.elapsed(), this.environment.now());
  }

  /** Gives up a silent socket: its close event may take minutes. */
  private abandon(): void {
    const socket = this.socket;
    this.lost(ABNORMAL);
    socket?.close();
  }

  /** Ends as for a session that is over. */
  private end(): void {
    const socket = this.socket;
    this.closed(SIGNED_OUT);
    socket?.close();
  }

  private closed(code: number): void {
    this.pulse.ended();
    this.lost(code);
    this.look();
  }

  private lost(code: number): void {
    this.socket = null;
    this.handshake();
    const cut = [...this.pending.values()];
    this.pending.clear();
    this.unanswered.push(...cut.filter(({ request }) => "op" in request));
    this.rest(code);
    for (const { request, replied, asked } of cut) {
      if (asked && !("op" in request)) replied(refusal(AWAY));
    }
  }

  /** Waits for another attempt, unless the server says not to come back. */
  private rest(code: number): void {
    const delay = reconnectDelay(code, this.attempt, this.environment.random());
    if (delay === null) {
      this.set({ kind: "ended", code });
      return;
    }
    this.attempt += 1;
    const since = this.environment.now();
    this.set({ kind: "waiting", until: since + delay, attempt: this.attempt, code, since });
    this.retry = this.environment.later(delay, () => this.open());
  }

  private set(link: Link): void {
    this.link = link;
    this.listener.changed(link);
  }
}
