// One deal on the screen: binds the connection, the channel and the models, and notifies the screen of changes.
import { batch, computed, effect, type Signal, signal, untracked } from "@preact/signals";
import { ChannelFollower, type Step } from "../live/channel";
import { Connection, type Link, type Listener } from "../live/connection";
import type { Cancel, Environment } from "../live/environment";
import type {
  AnyEvent,
  AnyMessage,
  ErrorBody,
  Filters,
  JoinReply,
  Notice,
  Present,
  Reply,
  Sort,
  StructureChanges,
  User,
  View,
  Welcome,
} from "../wire";
import { DEFAULT_MATCHES } from "../wire";
import { Desk } from "./desk/desk";
import { apply, type DealModel, fromSnapshot } from "./model/state";
import { Pencil } from "./pencil/pencil";
import { pencilPort } from "./pencil/pencil-port";
import { Grid } from "./stock/grid";
import { Edits, type Field } from "./terms/edits";

export const NO_FILTERS: Filters = {
  makes: [],
  models: [],
  bodies: [],
  fuels: [],
  year_min: null,
  year_max: null,
  mileage_max: null,
  price_min_cents: null,
  price_max_cents: null,
  days_in_stock_min: null,
  text: null,
};

const JOIN_AGAIN_MS = 2_000;

export type Standing = "live" | "catching_up" | "offline" | "ended";

export class DealSession implements Listener {
  readonly link = signal<Link>({ kind: "connecting", attempt: 0 });
  readonly model = signal<DealModel | null>(null);
  readonly view = signal<View>("sales");
  readonly user = signal<User | null>(null);
  readonly notice = signal<Notice | null>(null);
  /** Who else looks at the deal, and at which field. */
  readonly here = signal<readonly Present[]>([]);
  /** Why the deal cannot be shown, or why the last command failed. */
  readonly failure = signal<ErrorBody | null>(null);
  /** Changes with every edit, because `edits` itself is not a signal. */
  readonly editing = signal(0);
  readonly current = signal(false);
  readonly standing = computed<Standing>(() => {
    const link = this.link.value;
    if (link.kind === "ended") return "ended";
    if (link.kind === "waiting") return "offline";
    return this.current.value ? "live" : "catching_up";
  });
  edits = new Edits();
  readonly pencil: Pencil;
  readonly desk: Desk;

  private readonly channel: ChannelFollower;
  private readonly connection: Connection;
  private readonly gridNow: Signal<Grid>;

  private drawing: Cancel | null = null;
  private joinAgain: Cancel = () => {};
  private readonly unaim: () => void;

  constructor(
    readonly dealId: string,
    address: string,
    private readonly environment: Environment,
    view: View,
  ) {
    this.view.value = view;
    this.channel = new ChannelFollower(`deal:${dealId}`);
    this.gridNow = signal(new Grid(view));
    this.connection = new Connection(address, environment, this);
    this.pencil = new Pencil(
      pencilPort(this, (request, replied) => this.connection.send(request, replied), environment),
    );
    this.desk = new Desk((request, replied) => this.connection.send(request, replied), this.channel.channel);
    this.unaim = effect(() => this.aim());
    this.connection.start();
  }

  /** The rows; another grid after a change of view, so that nothing of the old one stays on the screen. */
  get grid(): Grid {
    return this.gridNow.value;
  }

  close(): void {
    this.joinAgain();
    this.drawing?.();
    this.unaim();
    this.connection.stop();
  }

  retryNow(): void {
    this.connection.hurry();
  }

  // What the person does ------------------------------------------------------------------------------------------

  /** Takes an edit of a field; it is shown at once and sent when the one before it was accepted. */
  edit(field: Field, value: unknown): void {
    this.edits.put(field, value, this.model.value?.deal.structure[field]);
    this.depart();
  }

  /** How many edits wait to be sent. */
  get unsaved(): number {
    void this.editing.value;
    return this.edits.unsaved;
  }

  keepMine(field: Field): void {
    this.edits.insist(field);
    this.depart();
  }

  takeTheirs(field: Field): void {
    this.edits.drop(field);
    this.editing.value += 1;
  }

  /** Takes several fields at once, as a pencil has them. */
  editAll(changes: StructureChanges): void {
    for (const [field, value] of Object.entries(changes)) {
      this.edits.put(field as Field, value, this.model.value?.deal.structure[field]);
    }
    this.depart();
  }

  search(filters: Filters, sort: Sort): void {
    const request = { type: "search", channel: this.channel.channel, op: crypto.randomUUID() } as const;
    this.connection.send({ ...request, filters, sort, limit: DEFAULT_MATCHES }, (reply) => this.refused(reply));
  }

  more(): void {
    const search = this.model.value?.search;
    if (!search?.next) return;
    const request = { type: "more", channel: this.channel.channel, op: crypto.randomUUID() } as const;
    this.connection.send({ ...request, search_id: search.search_id, token: search.next }, (reply) =>
      this.refused(reply),
    );
  }

  cancel(): void {
    const search = this.model.value?.search;
    if (!search) return;
    const request = { type: "cancel", channel: this.channel.channel, op: crypto.randomUUID() } as const;
    this.connection.send({ ...request, search_id: search.search_id }, (reply) => this.refused(reply));
  }

  /** Shows the deal in another view: everything that this page had of it is dropped, then it joins again. */
  show(view: View): void {
    this.view.value = view;
    this.discard();
    this.join();
  }

  /** Drops everything that this page has of the deal: the next join loads it again. */
  private discard(): void {
    batch(() => {
      this.model.value = null;
      this.failure.value = null;
      this.edits = new Edits();
      this.desk.clear();
      this.editing.value += 1;
      this.gridNow.value = new Grid(this.view.value, this.scores);
      this.channel.forget();
      this.current.value = false;
    });
  }

  /** Names a car of the deal or of the grid. */
  readonly carName = (vehicleId: string | undefined): string => {
    const deal = this.model.value?.deal;
    const offered = [deal?.selected, ...(deal?.pins ?? [])].find((offer) => offer?.vehicle_id === vehicleId)?.car;
    const car = offered ?? (vehicleId === undefined ? undefined : this.grid.row(vehicleId));
    return car ? `${car.year} ${car.make} ${car.model}` : "a car";
  };

  /** Shows the others which field this person is in; null: in none. */
  focus(field: Field | null): void {
    if (this.view.value === "customer" || this.channel.phase !== "live") return;
    this.connection.send({ type: "focus", channel: this.channel.channel, field }, () => {});
  }

  /** Whether salespeople of this person's store see scores in place of NPVs. */
  get scores(): boolean {
    return this.user.value?.scores ?? false;
  }

  can(right: string): boolean {
    return this.view.value !== "customer" && (this.user.value?.rights.includes(right) ?? false);
  }

  // What the connection says ----------------------------------------------------------------------------------------

  welcomed(welcome: Welcome): void {
    const before = this.user.value;
    this.user.value = welcome.user;
    // If the person's sight changed, nothing of the old one may be kept.
    if (before && !seesAlike(before, welcome.user)) this.discard();
    // Notices of another process are void; this one repeats them if they still apply.
    this.notice.value = null;
    this.join();
  }

  received(message: AnyMessage): void {
    if (message.type === "notice") this.notice.value = message.code === "recovered" ? null : message;
    else this.take(this.channel.receive(message));
  }

  drained(): void {
    this.current.value = this.channel.current;
    // The rows are drawn once per screen frame, however many socket frames arrive.
    this.drawing ??= this.environment.frame(() => {
      this.drawing = null;
      this.grid.publish(this.model.value?.search?.valued ?? false);
    });
  }

  changed(link: Link): void {
    if (link.kind !== "open") {
      this.channel.lost();
      this.pencil?.lost();
      this.current.value = false;
    }
    this.link.value = link;
  }

  private join(): void {
    this.joinAgain();
    const request = { type: "join", channel: this.channel.channel, view: this.view.value } as const;
    const ref = this.connection.send({ ...request, since: this.channel.position }, (reply) => this.joinReplied(reply));
    if (ref !== null) this.channel.joined(ref);
  }

  private joinReplied(reply: Reply): void {
    if (reply.ok) {
      this.failure.value = null;
      this.take(this.channel.replied(reply));
      return;
    }
    this.failure.value = reply.error ?? null;
    if (!reply.error?.retry) return;
    const wait = JOIN_AGAIN_MS * (1 + this.environment.random());
    this.joinAgain = this.environment.later(wait, () => this.join());
  }

  private take(steps: Step[]): void {
    for (const step of steps) {
      if (step.kind === "rejoin") this.join();
      else if (step.kind === "recovered") this.joined(step.reply);
      else if (step.kind === "snapshot") this.load(step.reply);
      else if (step.kind === "rows") this.grid.load(step.message);
      else if (step.kind === "whole") this.loaded();
      else if (step.kind === "event") this.follow(step.event);
      else if (step.kind === "presence") this.here.value = step.message.here;
    }
  }

  private load({ snapshot, view }: JoinReply): void {
    if (!snapshot?.deal) return;
    this.view.value = view;
    this.model.value = fromSnapshot(snapshot.deal, snapshot.search ?? null, this.model.value?.timeline ?? []);
    this.here.value = snapshot.deal.presence ?? [];
    this.target();
    this.grid.reset(snapshot.search?.search_id ?? null, view, this.scores);
    this.edits.reloaded(snapshot.deal.version, snapshot.deal.structure);
    this.editing.value += 1;
  }

  private joined(reply: JoinReply): void {
    this.view.value = reply.view;
    this.resend();
  }

  private loaded(): void {
    this.grid.loaded();
    this.resend();
    if (this.model.value && !this.model.value.search) this.search(NO_FILTERS, this.firstSort);
  }

  /** The initial sort order: from the top of the customer's payment, if that is known. */
  get firstSort(): Sort {
    return this.model.value?.deal.structure.payment_max_cents == null ? "price" : "-price";
  }

  private resend(): void {
    this.connection.resend();
    this.depart();
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
    if (event.type === "deal_changed") {
      this.edits.changed(event.changes, event.by, event.at, event.version);
      this.editing.value += 1;
    }
    this.model.value = apply(model, event, this.carName);
    this.grid.follow(event);
    if (event.type === "deal_changed") {
      this.target();
      this.depart();
    }
  }

  /** The customer view sorts cars by payment and shows no payment target. */
  private target(): void {
    const least = this.model.value?.deal.structure.payment_min_cents;
    this.grid.target(this.view.value === "customer" ? 0 : Number(least ?? 0));
  }

  private depart(): void {
    this.editing.value += 1;
    const deal = this.model.value?.deal;
    if (!deal || this.channel.phase !== "live") return;
    const departure = this.edits.depart(deal.version, crypto.randomUUID());
    if (!departure) return;
    const { op, version, changes } = departure;
    const edits = this.edits;
    this.connection.send({ type: "terms", channel: this.channel.channel, op, version, changes }, (reply) => {
      if (edits === this.edits) this.termsReplied(op, reply);
    });
  }

  private termsReplied(op: string, reply: Reply): void {
    if (reply.ok) this.edits.taken(op, Number(reply.data?.version), this.model.value?.deal.version ?? 0);
    else if (reply.error) this.edits.refused(op, reply.error);
    this.depart();
  }

  private refused(reply: Reply): void {
    if (reply.error && reply.error.code !== "superseded") this.failure.value = reply.error;
  }
}

/** Whether two people, or one before and after a change, have the same sight of a deal. */
function seesAlike(one: User, other: User): boolean {
  return one.role === other.role && one.store_id === other.store_id && one.scores === other.scores;
}
