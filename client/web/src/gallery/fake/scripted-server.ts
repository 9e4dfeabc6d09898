// A server in the page: it answers from a recording, so that each state of the screen can be shown by itself.
import { browser, type Cancel, type Environment, type Socket, type SocketEvents } from "../../live/environment";
import { answerTo, type RecordedChannel, type Recording, type Told, type Twist } from "./recording";

const ABNORMAL = 1006;
const NOBODY = { code: "not_found", message: "This recording has no such answer.", retry: false, detail: {} };

type Command = Record<string, unknown> & { type: string; ref: number };

export class ScriptedServer implements Environment {
  readonly later = browser.later;
  readonly frame = browser.frame;
  readonly elapsed = browser.elapsed;
  readonly visible = browser.visible;
  readonly random = browser.random;
  readonly now = browser.now;
  /** Nothing wakes a story, and nothing of it outlives it. */
  readonly woken = () => () => {};
  readonly build = () => "";
  readonly shelf = { read: () => null, write: () => {} };
  private conversation: Conversation | null = null;
  private lost = false;

  constructor(
    private readonly recording: Recording,
    private readonly twist: Twist = {},
  ) {}

  open(_url: string, _subprotocol: string, events: SocketEvents): Socket {
    if (this.lost || (this.conversation && this.twist.close !== undefined)) return this.unreachable(events);
    const conversation = new Conversation(this.recording, this.twist, events, this.later);
    this.conversation = conversation;
    if (this.twist.silent !== "socket") conversation.say({ ...this.recording.welcome });
    return { send: (text) => conversation.hear(text), close: () => conversation.end() };
  }

  /** Tells a page that has loaded a channel what happens in it. */
  tell(channel: string, ...told: readonly Told[]): void {
    this.conversation?.tell(channel, told);
  }

  /** Closes the socket; it opens no more. */
  lose(code: number): void {
    this.lost = true;
    this.conversation?.close(code);
  }

  /** After a loss nobody answers: the page stays in the state that the story shows. */
  private unreachable(events: SocketEvents): Socket {
    const cancel = this.later(0, () => events.closed(ABNORMAL));
    return { send: () => {}, close: cancel };
  }
}

class Conversation {
  private ended = false;
  /** The number of each channel's last event. */
  private readonly last = new Map<string, number>();
  private readonly heard = new Map<string, number>();

  constructor(
    private readonly recording: Recording,
    private readonly twist: Twist,
    private readonly events: SocketEvents,
    private readonly later: (milliseconds: number, action: () => void) => Cancel,
  ) {}

  /** Says something a moment later, as a network does. */
  say(...messages: object[]): void {
    this.later(0, () => {
      if (!this.ended) this.events.message(messages.map((message) => JSON.stringify(message)).join("\n"));
    });
  }

  tell(channel: string, told: readonly Told[]): void {
    if (told.length > 0) this.say(...this.numbered(told, channel));
  }

  end(): void {
    this.ended = true;
  }

  close(code: number): void {
    this.later(0, () => {
      this.end();
      this.events.closed(code);
    });
  }

  hear(text: string): void {
    for (const line of text.split("\n")) {
      const command = JSON.parse(line) as Command;
      if (command.type === "join") this.join(command, String(command.channel));
      else if (command.type !== this.twist.silent) this.answer(command);
    }
  }

  private join(command: Command, name: string): void {
    if (this.twist.silent === "join") return;
    const recorded = this.recording.channels[name];
    const refused = this.twist.refuse?.join;
    if (refused || !recorded) {
      this.say({ type: "reply", ref: command.ref, ok: false, error: refused ?? NOBODY });
      return;
    }
    const channel = this.twist.loaded?.(recorded) ?? recorded;
    this.last.set(name, channel.join.seq);
    const rows = command.rows === false ? [] : channel.rows;
    this.say(...loading(command.ref, name, { ...channel, rows }), ...this.numbered(this.twist.after ?? [], name));
    if (this.twist.close !== undefined) this.close(this.twist.close);
  }

  private answer(command: Command): void {
    const { ref, ...request } = command;
    const { type } = command;
    const heard = (this.heard.get(type) ?? 0) + 1;
    this.heard.set(type, heard);
    if (heard > (this.twist.answered?.[type] ?? Number.POSITIVE_INFINITY)) return;
    const found = answerTo(this.recording.answers, request);
    const error = this.twist.refuse?.[type] ?? found?.error;
    if (error) {
      this.say({ type: "reply", ref, ok: false, error });
      return;
    }
    this.say({ type: "reply", ref, ok: true, data: found?.data ?? UNRECORDED[type] ?? {} });
    this.tell(String(command.channel), this.twist.follows?.(request) ?? []);
  }

  /** Gives events their numbers; notices, presence and the like have none. */
  private numbered(told: readonly Told[], channel: string): object[] {
    return told.map((message) => {
      if (["notice", "presence", "resync"].includes(message.type)) return { channel, ...message };
      const seq = (this.last.get(channel) ?? 0) + 1;
      this.last.set(channel, seq);
      return { at: new Date(0).toISOString(), ...message, channel, seq };
    });
  }
}

/** Answers where a recording has none: people to assign a deal to, and empty lists. */
const UNRECORDED: Record<string, Record<string, unknown>> = {
  list_deals: { deals: [], next: null },
  look_up: { customers: [], deals: [] },
  find: { rows: 0, columns: {}, more: false },
  list_people: {
    people: [
      { id: "u-ann", name: "Ann Salas", role: "salesperson" },
      { id: "u-carl", name: "Carl Ibarra", role: "salesperson" },
    ],
  },
  security_events: { events: [], next: null },
};

function loading(ref: number, channel: string, { join, rows }: RecordedChannel): object[] {
  return [
    { type: "reply", ref, ok: true, data: { ...join, recovered: false } },
    ...rows.map((part) => ({ ...part, channel, ref })),
    { type: "snapshot_end", channel, ref },
  ];
}
