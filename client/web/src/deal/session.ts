// One deal on the screen: binds the connection, the channel and the models, and notifies the screen of changes.
import { batch, effect, type Signal, signal, untracked } from "@preact/signals";
import { ChannelFollower, type Step } from "../live/channel";
import { Connection, type Link, type Listener, type PulseNews, type Request } from "../live/connection";
import type { Cancel, Environment } from "../live/environment";
import type { Carrier, Line } from "../live/shared";
import { Truth } from "../live/truth";
import { carName } from "../text/readable";
import type { AnyEvent, AnyMessage, ErrorBody, JoinReply, Notice, Present, Reply, User, View, Welcome } from "../wire";
import { Desk } from "./desk/desk";
import { Joining } from "./joining";
import { apply, type DealModel, fromSnapshot, seesAlike } from "./model/state";
import { Pencil } from "./pencil/pencil";
import { pencilPort } from "./pencil/pencil-port";
import { finderPort, storyPort, termsPort } from "./ports";
import { Finder } from "./stock/finder";
import { Grid } from "./stock/grid";
import { PaintWatch } from "./stock/paint-watch";
import { NO_FILTERS, Searching } from "./stock/searching";
import { Story } from "./story";
import { ProductCatalogue } from "./terms/catalogue";
import type { Field } from "./terms/edits";
import { KeptEdits } from "./terms/kept-edits";
import { TermsEditor } from "./terms/terms-editor";

export class DealSession implements Listener {
  readonly truth: Truth;
  readonly model = signal<DealModel | null>(null);
  readonly view = signal<View>("sales");
  readonly user = signal<User | null>(null);
  /** By how much the server's clock is ahead of this machine's, in milliseconds. */
  readonly ahead = signal(0);
  /** Who else looks at the deal, and at which field. */
  readonly here = signal<readonly Present[]>([]);
  /** Why the deal cannot be shown, or why the last command failed. */
  readonly failure = signal<ErrorBody | null>(null);
  readonly terms: TermsEditor;
  readonly searching: Searching;
  readonly finder: Finder;
  readonly pencil: Pencil;
  readonly desk: Desk;
  readonly story: Story;
  readonly catalogue: ProductCatalogue;
  readonly paint: PaintWatch;

  private readonly channel: ChannelFollower;
  private readonly connection: Carrier;
  /** Whether it leaves cars and searches alone. */
  private readonly watches: boolean;
  private readonly gridNow: Signal<Grid>;
  private drawing: Cancel | null = null;
  private readonly joining: Joining;
  private readonly effects: readonly Cancel[];
  private keptEdits: KeptEdits | null = null;

  constructor(
    readonly dealId: string,
    /** Where to connect to; or a line of the page's connection, to watch the deal without its cars. */
    address: string | Line,
    private readonly environment: Environment,
    view: View,
  ) {
    this.view.value = view;
    this.truth = new Truth(environment.build());
    this.channel = new ChannelFollower(`deal:${dealId}`);
    this.gridNow = signal(new Grid(view));
    this.watches = typeof address !== "string";
    this.connection = typeof address === "string" ? new Connection(address, environment, this) : address.connect(this);
    const { channel } = this.channel;
    const send = (request: Request, replied: (reply: Reply) => void) => this.connection.send(request, replied);
    this.paint = new PaintWatch(environment, (paint) => {
      send({ type: "painted", channel, ...paint }, () => {});
    });
    this.terms = new TermsEditor(termsPort(this.model, this.channel, send, this.paint, environment));
    this.searching = new Searching(
      channel,
      () => this.model.value,
      send,
      (error) => {
        this.failure.value = error;
      },
      (op, replied) => this.paint.left(op, replied),
      (milliseconds, action) => environment.later(milliseconds * (1 + environment.random()), action),
    );
    this.finder = new Finder(finderPort(channel, this.ask, environment));
    this.pencil = new Pencil(pencilPort(this, channel, send, environment));
    this.desk = new Desk(send, channel);
    this.story = new Story(storyPort(this.model, channel, this.ask, this.carName));
    this.catalogue = new ProductCatalogue(send, channel);
    this.joining = new Joining(this.channel, send, environment, {
      rows: !this.watches,
      view: () => this.view.value,
      joined: (reply) => {
        this.failure.value = null;
        this.take(this.channel.replied(reply));
      },
      refused: (error) => {
        this.failure.value = error;
      },
    });
    this.effects = [effect(() => this.aim()), effect(() => this.keep())];
    this.connection.start();
  }

  /** The rows; another grid after a change of view, so that nothing of the old one stays on the screen. */
  get grid(): Grid {
    return this.gridNow.value;
  }

  close(): void {
    this.joining.stop();
    this.searching.stop();
    this.drawing?.();
    for (const stop of this.effects) stop();
    this.connection.stop();
  }

  retryNow(): void {
    this.connection.hurry();
  }

  /** How many edits wait to be sent. */
  get unsaved(): number {
    return this.terms.unsaved;
  }

  // What the person does ------------------------------------------------------------------------------------------

  /** Drops everything that this page has of the deal: the next join loads it again. */
  private discard(): void {
    batch(() => {
      this.model.value = null;
      this.failure.value = null;
      this.terms.clear();
      this.desk.clear();
      this.catalogue.clear();
      this.finder.clear();
      this.gridNow.value = new Grid(this.view.value, this.scores);
      this.channel.forget();
      this.paint.clear();
      this.truth.current.value = false;
    });
  }

  /** Names a car of the deal or of the grid. */
  readonly carName = (vehicleId: string | undefined): string => {
    const deal = this.model.value?.deal;
    const offered = [deal?.selected, ...(deal?.pins ?? [])].find((offer) => offer?.vehicle_id === vehicleId)?.car;
    const car = offered ?? (vehicleId === undefined ? undefined : this.grid.row(vehicleId));
    return car ? carName(car) : "a car";
  };

  /** Shows the others which field this person is in; null: in none. */
  focus(field: Field | null): void {
    if (this.channel.phase !== "live") return;
    this.connection.send({ type: "focus", channel: this.channel.channel, field }, () => {});
  }

  /** Whether salespeople of this person's store see scores in place of NPVs. */
  get scores(): boolean {
    return this.user.value?.scores ?? false;
  }

  /** Sends a command; returns whether there is a connection. One with an `op` is kept until there is. */
  readonly ask = (request: Request, replied: (reply: Reply) => void): boolean => this.connection.ask(request, replied);

  can(right: string): boolean {
    return this.user.value?.rights.includes(right) ?? false;
  }

  // What the connection says ----------------------------------------------------------------------------------------

  welcomed(welcome: Welcome): void {
    const before = this.user.value;
    this.user.value = welcome.user;
    this.ahead.value = Date.parse(welcome.server_time) - this.environment.now();
    // If the person's sight changed, nothing of the old one may be kept.
    if (before && !seesAlike(before, welcome.user)) this.discard();
    this.truth.welcomed(welcome);
    this.joining.join();
  }

  received(message: AnyMessage): void {
    if (message.type === "notice") this.noticed(message);
    else this.take(this.channel.receive(message));
  }

  /** That cars are of an earlier search stands at their list, not in place of what is wrong. */
  private noticed(notice: Notice): void {
    if (notice.code !== "stale") this.truth.notice.value = notice.code === "recovered" ? null : notice;
  }

  drained(): void {
    this.truth.current.value = this.channel.current;
    // The rows are drawn once per screen frame, however many socket frames arrive.
    this.drawing ??= this.environment.frame(() => {
      this.drawing = null;
      this.grid.publish(this.model.value?.search?.valued ?? false);
      this.paint.published();
    });
  }

  changed(link: Link): void {
    if (link.kind !== "open") {
      this.channel.lost();
      this.pencil.lost();
    }
    this.truth.changed(link);
  }

  pulsed(news: PulseNews): void {
    this.truth.pulsed(news);
  }

  private take(steps: Step[]): void {
    for (const step of steps) {
      if (step.kind === "rejoin") this.joining.join();
      else if (step.kind === "recovered") this.joined(step.reply);
      else if (step.kind === "snapshot") this.load(step.reply);
      else if (step.kind === "rows") this.grid.load(step.message);
      else if (step.kind === "whole") this.loaded();
      else if (step.kind === "event") this.follow(step.event);
      else if (step.kind === "presence") this.here.value = step.message.here;
    }
  }

  /** What the server does not have yet outlives a reload. */
  private keep(): void {
    const kept = this.terms.kept;
    this.keptEdits?.keep(kept);
  }

  /** Before the first deal is loaded: edits that a page of this tab had not sent come back. */
  private remember(): void {
    const user = this.user.peek();
    if (this.keptEdits || !user || this.watches) return;
    this.keptEdits = new KeptEdits(this.environment.shelf, user.id, this.dealId);
    this.terms.restore(this.keptEdits.take());
  }

  private load({ snapshot, view, paused }: JoinReply): void {
    if (!snapshot?.deal) return;
    this.truth.paused.value = paused === true;
    // Without the log there is no list of cars: the one that this page has stays, if it is of the same view.
    const kept = this.truth.paused.value && view === this.view.value ? (this.model.value?.search ?? null) : null;
    this.view.value = view;
    const loaded = fromSnapshot(snapshot.deal, snapshot.search ?? null, snapshot.history, this.carName);
    this.model.value = kept ? { ...loaded, search: kept } : loaded;
    this.here.value = snapshot.deal.presence ?? [];
    this.target();
    this.remember();
    if (!kept) this.grid.reset(snapshot.search?.search_id ?? null, view, this.scores);
    this.terms.reloaded(snapshot.deal, snapshot.history);
  }

  private joined(reply: JoinReply): void {
    this.view.value = reply.view;
    this.truth.paused.value = reply.paused === true;
    this.resend();
  }

  private loaded(): void {
    this.grid.settle();
    this.resend();
    if (this.truth.paused.value || this.watches) return;
    if (this.model.value && !this.model.value.search) this.searching.begin(NO_FILTERS, this.searching.firstSort);
  }

  private resend(): void {
    this.connection.resend();
    this.terms.depart();
    this.pencil.resume();
  }

  /** Turns the pencil to the chosen car under the deal as it stands. */
  private aim(): void {
    const vehicleId = this.grid.selected.value;
    const version = this.model.value?.deal.version;
    const view = this.view.value;
    untracked(() => this.pencil.aim(vehicleId === null || version === undefined ? null : { vehicleId, version, view }));
  }

  private follow(event: AnyEvent): void {
    const model = this.model.value;
    if (!model) return;
    if (event.type === "deal_changed") this.terms.changed(event);
    this.model.value = apply(model, event, this.carName);
    if (!this.watches) this.grid.follow(event);
    this.paint.heard(event);
    if (event.type === "deal_changed") {
      this.target();
      this.terms.depart();
      this.searching.again();
    }
  }

  private target(): void {
    const least = this.model.value?.deal.structure.payment_min_cents;
    this.grid.target(Number(least ?? 0));
  }
}
