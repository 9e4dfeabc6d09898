// One connection that carries several channels, each with a listener of its own: the wall, and the deal open on it.
import type { AnyMessage, Welcome } from "../wire";
import { Connection, type Link, type Listener, type PulseNews } from "./connection";
import type { Environment } from "./environment";

/** What a listener does with its connection. */
export type Carrier = Pick<Connection, "start" | "stop" | "hurry" | "send" | "ask" | "resend">;

/** A place for one more listener. */
export interface Line {
  connect(listener: Listener): Carrier;
}

export class SharedConnection implements Line, Listener {
  private readonly listeners = new Set<Listener>();
  private readonly connection: Connection;
  private link: Link = { kind: "connecting", attempt: 0 };
  private greeting: Welcome | null = null;
  private pulse: PulseNews | null = null;

  constructor(address: string, environment: Environment) {
    this.connection = new Connection(address, environment, this);
  }

  /** Opens the socket. */
  start(): void {
    this.connection.start();
  }

  /** Closes it, for all listeners. */
  close(): void {
    this.listeners.clear();
    this.connection.stop();
  }

  /** Adds a listener: it begins with `start`, and hears nothing after `stop`; the socket stays open for the others. */
  connect(listener: Listener): Carrier {
    const { connection } = this;
    return {
      start: () => {
        this.listeners.add(listener);
        listener.changed(this.link);
        if (this.pulse) listener.pulsed(this.pulse);
        if (this.link.kind === "open" && this.greeting) listener.welcomed(this.greeting);
      },
      stop: () => void this.listeners.delete(listener),
      hurry: () => connection.hurry(),
      send: (request, replied) => connection.send(request, replied),
      ask: (request, replied) => connection.ask(request, replied),
      resend: () => connection.resend(),
    };
  }

  welcomed(welcome: Welcome): void {
    this.greeting = welcome;
    for (const listener of [...this.listeners]) listener.welcomed(welcome);
  }

  received(message: AnyMessage): void {
    for (const listener of [...this.listeners]) listener.received(message);
  }

  drained(): void {
    for (const listener of [...this.listeners]) listener.drained();
  }

  pulsed(news: PulseNews): void {
    this.pulse = news;
    for (const listener of [...this.listeners]) listener.pulsed(news);
  }

  changed(link: Link): void {
    this.link = link;
    for (const listener of [...this.listeners]) listener.changed(link);
  }
}
