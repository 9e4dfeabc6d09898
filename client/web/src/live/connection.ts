// One WebSocket and its life: welcome, refs, resending, silence, reconnecting. Independent of deals.
import { parseReadable } from "../text/readable";
import type { AnyCommand, AnyMessage, Reply, Welcome } from "../wire";
import { reconnectDelay } from "./backoff";
import type { Cancel, Environment, Socket } from "./environment";

const SECONDS = 1_000;
const SILENCE_MS = 25 * SECONDS;
const PONG_MS = 10 * SECONDS;
const HANDSHAKE_MS = 10 * SECONDS;
const SUBPROTOCOL = "deal.v1";
const ABNORMAL = 1006;

export type Link =
  | { kind: "connecting"; attempt: number }
  | { kind: "open" }
  | { kind: "waiting"; until: number; attempt: number }
  | { kind: "ended"; code: number };

/** A command without its ref, which the connection gives. */
export type Request = AnyCommand extends infer C ? (C extends AnyCommand ? Omit<C, "ref"> : never) : never;

export interface Listener {
  welcomed(welcome: Welcome): void;
  received(message: AnyMessage): void;
  /** All messages of one frame are handled: a good moment to draw. */
  drained(): void;
  changed(link: Link): void;
}

interface Pending {
  request: Request;
  replied: (reply: Reply) => void;
}

export class Connection {
  private socket: Socket | null = null;
  private link: Link = { kind: "connecting", attempt: 0 };
  private attempt = 0;
  private nextRef = 1;
  private readonly pending = new Map<number, Pending>();
  /** Commands with an `op` whose reply the old socket never brought. */
  private unanswered: Pending[] = [];
  private silence: Cancel = () => {};
  private retry: Cancel = () => {};

  constructor(
    private readonly url: string,
    private readonly environment: Environment,
    private readonly listener: Listener,
  ) {}

  /** Opens the socket, and again whenever it is lost. */
  start(): void {
    this.retry();
    this.set({ kind: "connecting", attempt: this.attempt });
    const socket = this.environment.open(this.url, SUBPROTOCOL, {
      message: (text) => socket === this.socket && this.read(text),
      closed: (code) => socket === this.socket && this.lost(code),
    });
    this.socket = socket;
    this.silence = this.environment.later(HANDSHAKE_MS, () => this.abandon());
  }

  /** Closes for good. */
  stop(): void {
    this.retry();
    this.silence();
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Tries at once if a wait is running, because the network or the person says so. */
  hurry(): void {
    if (this.link.kind === "waiting") this.start();
  }

  /**
   * Sends a command and calls `replied` with its one answer; returns the ref, or null if there is no connection. A
   * command with an `op` is kept then, and while it is unanswered, and goes out again by `resend`; others are dropped.
   */
  send(request: Request, replied: (reply: Reply) => void): number | null {
    if (this.link.kind !== "open" || !this.socket) {
      if ("op" in request) this.unanswered.push({ request, replied });
      return null;
    }
    const ref = this.nextRef++;
    this.pending.set(ref, { request, replied });
    this.socket.send(JSON.stringify({ ...request, ref }));
    return ref;
  }

  /** Sends what the old socket left unanswered, with the same `op`, so that nothing is done twice. */
  resend(): void {
    const kept = this.unanswered;
    this.unanswered = [];
    for (const { request, replied } of kept) this.send(request, replied);
  }

  private read(text: string): void {
    this.listen();
    for (const line of text.split("\n")) {
      if (line.trim() !== "") this.dispatch(parseReadable(line) as AnyMessage);
    }
    this.listener.drained();
  }

  private dispatch(message: AnyMessage): void {
    if (message.type === "welcome") {
      this.attempt = 0;
      this.set({ kind: "open" });
      this.listener.welcomed(message);
    } else if (message.type === "reply") {
      const pending = this.pending.get(message.ref);
      this.pending.delete(message.ref);
      pending?.replied(message);
    } else {
      this.listener.received(message);
    }
  }

  private listen(): void {
    this.silence();
    this.silence = this.environment.later(SILENCE_MS, () => {
      this.send({ type: "ping" }, () => {});
      this.silence = this.environment.later(PONG_MS, () => this.abandon());
    });
  }

  /** Gives up a silent socket: its close event may take minutes. */
  private abandon(): void {
    const socket = this.socket;
    this.lost(ABNORMAL);
    socket?.close();
  }

  private lost(code: number): void {
    this.socket = null;
    this.silence();
    for (const pending of this.pending.values()) {
      if ("op" in pending.request) this.unanswered.push(pending);
    }
    this.pending.clear();
    const delay = reconnectDelay(code, this.attempt, this.environment.random());
    if (delay === null) {
      this.set({ kind: "ended", code });
      return;
    }
    this.attempt += 1;
    this.set({ kind: "waiting", until: this.environment.now() + delay, attempt: this.attempt });
    this.retry = this.environment.later(delay, () => this.start());
  }

  private set(link: Link): void {
    this.link = link;
    this.listener.changed(link);
  }
}
