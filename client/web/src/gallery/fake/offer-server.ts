// A server in the page for a customer's page: it shows a recorded presentation, and takes what is liked.
import { browser, type Environment, type Socket, type SocketEvents } from "../../live/environment";
import type { PresentationReply } from "../../wire";

const CHANNEL = "deal:gallery";
const EPOCH = { epoch: "gallery", seq: 1 };

/** What is unlike a page that is open and live. */
export interface OfferTwist {
  presentation?: PresentationReply;
  /** Questions that are answered; none if absent means all of them. */
  answers?: number;
  /** What a press on "I like this" is refused with. */
  refusal?: { code: string; message: string };
}

type Command = Record<string, unknown> & { type: string; ref: number };

export class OfferServer implements Environment {
  readonly later = browser.later;
  readonly frame = browser.frame;
  readonly elapsed = browser.elapsed;
  readonly visible = browser.visible;
  readonly random = browser.random;
  readonly now = browser.now;
  readonly shelf = { read: () => null, write: () => {} };
  readonly woken = () => () => {};
  readonly build = () => "";
  readonly channel = CHANNEL;
  private events: SocketEvents | null = null;
  private answered = 0;
  private seq = EPOCH.seq;

  constructor(
    private readonly presentation: PresentationReply,
    private readonly twist: OfferTwist = {},
  ) {}

  /** Only the first connection is taken: a page that lost it stays as the story shows it. */
  open(_url: string, _subprotocol: string, events: SocketEvents): Socket {
    if (this.events) return { send: () => {}, close: () => {} };
    this.events = events;
    this.say({ type: "welcome", user: { rights: ["watch", "like"] } });
    return { send: (text) => this.hear(JSON.parse(text)), close: () => {} };
  }

  /** Says that the figures may be other ones. */
  change(): void {
    this.seq += 1;
    this.say({ type: "hidden", channel: CHANNEL, seq: this.seq, at: this.presentation.as_of, outdated: true });
  }

  close(code: number): void {
    this.events?.closed(code);
  }

  private say(message: object): void {
    this.later(0, () => this.events?.message(JSON.stringify(message)));
  }

  private hear(command: Command): void {
    const { ref } = command;
    if (command.type === "join") {
      const snapshot = { deal: { acceptances: [] } };
      this.say({ type: "reply", ref, ok: true, data: { ...EPOCH, recovered: false, view: "customer", snapshot } });
      this.say({ type: "snapshot_end", channel: CHANNEL, ref });
    } else if (command.type === "presentation") {
      this.answered += 1;
      if (this.answered <= (this.twist.answers ?? Number.POSITIVE_INFINITY))
        this.say({ type: "reply", ref, ok: true, data: this.presentation });
    } else if (command.type === "like") this.like(command);
    else this.say({ type: "reply", ref, ok: true, data: {} });
  }

  private like({ ref, vehicle_id, kind, term_months, cash_down_cents, figures }: Command): void {
    if (this.twist.refusal) {
      this.say({ type: "reply", ref, ok: false, error: { retry: false, detail: {}, ...this.twist.refusal } });
      return;
    }
    const { car } = this.presentation.cars.find((each) => each.vehicle_id === vehicle_id)!;
    const said = { id: "liked", at: this.presentation.as_of, car, in_person: false, text_version: "", version: "" };
    const acceptance = { ...said, vehicle_id, kind, term_months, cash_down_cents, figures };
    this.seq += 1;
    this.say({ type: "reply", ref, ok: true, data: { acceptance_id: said.id } });
    this.say({ type: "customer_accepted", channel: CHANNEL, seq: this.seq, at: said.at, acceptance });
  }
}
