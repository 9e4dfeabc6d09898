// The customer's page on its connection: joins the deal in the customer's view, asks what is shown, and asks again when
// that may have changed. It keeps nothing else of what arrives.
import { computed, signal } from "@preact/signals";
import { ChannelFollower, type Step } from "../live/channel";
import { Connection, type Link, type Listener, type PulseNews } from "../live/connection";
import type { Cancel, Environment } from "../live/environment";
import { Truth } from "../live/truth";
import { newOp } from "../text/op";
import type { AnyEvent, AnyMessage, DealKind, ErrorBody, PresentationReply, Reply, Welcome } from "../wire";
import type { Place } from "./model/choice";
import { after, type Happening, isUnderWay, likeOf, type OfferState, OPENING, phaseOf } from "./model/state";

const SECONDS = 1_000;
/** Between two questions: a salesperson who types changes the figures with every digit. */
const ASK_AGAIN_MS = 1 * SECONDS;
const REFUSED_AGAIN_MS = 2 * SECONDS;

/** Events after which the figures may be other ones. A customer's own connection gets `hidden` in place of most. */
const CHANGING: ReadonlySet<AnyEvent["type"]> = new Set([
  "presentation_changed",
  "deal_changed",
  "state_changed",
  "offer_selected",
  "offer_pinned",
  "offer_unpinned",
  "vehicle_changed",
  "lender_decided",
  "customer_changed",
  "deal_assigned",
  "search_started",
]);

export class OfferSession implements Listener {
  readonly state = signal<OfferState>(OPENING);
  readonly phase = computed(() => phaseOf(this.state.value));

  private readonly truth: Truth;
  private readonly channel: ChannelFollower;
  private readonly connection: Connection;
  private asking = false;
  /** Whether something changed while a question was under way. */
  private again = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  private waiting: Cancel | null = null;
  private joinAgain: Cancel = () => {};

  constructor(
    channel: string,
    address: string,
    private readonly environment: Environment,
  ) {
    this.truth = new Truth(environment.build());
    this.channel = new ChannelFollower(channel);
    this.connection = new Connection(address, environment, this);
    this.connection.start();
  }

  close(): void {
    this.joinAgain();
    this.waiting?.();
    this.connection.stop();
  }

  // What the person does ------------------------------------------------------------------------------------------

  chooseCar(vehicleId: string): void {
    this.happen({ type: "chose_car", vehicleId });
  }

  chooseKind(kind: DealKind): void {
    this.happen({ type: "chose_kind", kind });
  }

  choosePlace(kind: DealKind, place: Place): void {
    this.happen({ type: "chose_place", kind, place });
  }

  /** Says that the customer likes what is on the screen, with the figures that are there. */
  like(): void {
    const liked = likeOf(this.state.value);
    if (!liked || isUnderWay(this.state.value.liking)) return;
    this.happen({ type: "liking" });
    const op = newOp();
    this.connection.send({ type: "like", channel: this.channel.channel, op, ...liked }, (reply) => {
      if (reply.ok) {
        this.happen({ type: "liked", id: String(reply.data?.acceptance_id) });
        return;
      }
      this.happen({ type: "not_liked", error: reply.error ?? null });
      if (reply.error?.code === "conflict") this.ask();
    });
  }

  // What the connection says --------------------------------------------------------------------------------------

  welcomed(welcome: Welcome): void {
    this.truth.welcomed(welcome);
    this.happen({ type: "welcomed", mayLike: welcome.user.rights.includes("like") });
    this.join();
  }

  received(message: AnyMessage): void {
    this.take(this.channel.receive(message));
  }

  drained(): void {
    this.truth.current.value = this.channel.current;
    this.stand();
  }

  pulsed(news: PulseNews): void {
    this.truth.pulsed(news);
    this.stand();
  }

  changed(link: Link): void {
    if (link.kind !== "open") {
      this.channel.lost();
      this.asking = false;
      this.waiting?.();
      this.waiting = null;
    }
    this.truth.changed(link);
    this.stand();
  }

  /** Tells the page how far its connection can be trusted, if that is another than before. */
  private stand(): void {
    const link = this.truth.link.value;
    const standing = this.truth.standing.value;
    const { state } = this;
    if (link !== state.value.link || standing !== state.value.standing)
      this.happen({ type: "connection", link, standing });
  }

  private join(): void {
    this.joinAgain();
    const { channel, position: since } = this.channel;
    const request = { type: "join", channel, view: "customer", since, rows: false } as const;
    const ref = this.connection.send(request, (reply) => this.joinReplied(reply));
    if (ref !== null) this.channel.joined(ref);
  }

  private joinReplied(reply: Reply): void {
    if (reply.ok) {
      this.take(this.channel.replied(reply));
      return;
    }
    this.happen({ type: "refused", error: reply.error ?? null });
    if (reply.error?.retry) this.joinAgain = this.environment.later(this.pause(reply.error), () => this.join());
  }

  private take(steps: Step[]): void {
    for (const step of steps) {
      if (step.kind === "rejoin") this.join();
      else if (step.kind === "snapshot") this.joined(step.reply.snapshot?.deal?.acceptances ?? []);
      else if (step.kind === "recovered") this.joined(null);
      else if (step.kind === "event") this.follow(step.event);
    }
  }

  private joined(acceptances: OfferState["acceptances"] | null): void {
    this.happen({ type: "joined", acceptances });
    this.connection.resend();
    this.ask();
  }

  private follow(event: AnyEvent): void {
    if (event.type === "customer_accepted") this.happen({ type: "accepted", acceptance: event.acceptance });
    else if (CHANGING.has(event.type) || (event.type === "hidden" && event.outdated)) this.ask();
  }

  /** Asks what is shown: one question at a time, and no more than one a second. */
  private ask(): void {
    this.happen({ type: "outdated" });
    if (this.asking) {
      this.again = true;
      return;
    }
    if (this.waiting) return;
    const wait = this.askedAt + ASK_AGAIN_MS - this.environment.elapsed();
    if (wait > 0) this.askLater(wait);
    else this.askNow();
  }

  private askLater(milliseconds: number): void {
    this.waiting = this.environment.later(milliseconds, () => {
      this.waiting = null;
      this.askNow();
    });
  }

  private askNow(): void {
    this.again = false;
    this.askedAt = this.environment.elapsed();
    const ref = this.connection.send({ type: "presentation", channel: this.channel.channel }, (reply) =>
      this.answered(reply),
    );
    this.asking = ref !== null;
  }

  private answered(reply: Reply): void {
    this.asking = false;
    if (reply.ok) {
      const shown = reply.data as unknown as PresentationReply;
      this.happen({ type: "presented", reply: shown, at: this.environment.now(), more: this.again });
      if (this.again) this.ask();
      return;
    }
    this.happen({ type: "refused", error: reply.error ?? null });
    if (reply.error?.retry) this.askLater(this.pause(reply.error));
  }

  /** Returns how long to wait after a refusal: as long as it says, and never all pages at once. */
  private pause({ detail }: ErrorBody): number {
    const said = Number(detail.retry_after_seconds ?? 0) * SECONDS;
    return Math.max(REFUSED_AGAIN_MS, said) * (1 + this.environment.random() / 2);
  }

  private happen(happening: Happening): void {
    this.state.value = after(this.state.value, happening);
  }
}
