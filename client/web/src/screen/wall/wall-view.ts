// How the wall looks to this manager: filter, folds, the open row, and the order of the rows. Rows keep their places
// until this manager acts, or until nobody is at the wall: then all of it is put in order at once.
import { batch, effect, signal, untracked } from "@preact/signals";
import type { Announcer } from "../../live/announcer";
import type { Cancel, Environment } from "../../live/environment";
import type { WallFilter } from "../../wall/filter";
import { arranged, isOutOfOrder, type ShownItem, type ShownSection } from "../../wall/hold";
import { type Look, lookOf } from "../../wall/memory";
import { type Mode, type Opened, toggled } from "../../wall/opening";
import { type PeopleByDeal, peopleByDeal } from "../../wall/people";
import { type Section, type SectionName, sectionsOf } from "../../wall/sections";
import type { WallSession } from "../../wall/session";

const KEY = "deal-wall-look";
/** So long after the last key or movement nobody is at the wall. */
const ATTENDED_MS = 30_000;
const TICK_MS = 1_000;

export class WallView {
  readonly look = signal<Look>({ filter: { person: null, standing: null, text: "" }, folded: [] });
  readonly opened = signal<Opened | null>(null);
  readonly shown = signal<readonly ShownSection[]>([]);
  readonly people = signal<PeopleByDeal>(new Map());
  /** The server's time, by the second. */
  readonly now = signal(0);

  readonly today = signal("");
  /** How often the wall was put in order by itself: the rows of another turn are other rows. */
  readonly turn = signal(0);

  private attendedAt: number;
  /** The row that this manager answered last, until it leaves its section. */
  private answered: string | null = null;
  private readonly stops: Cancel[];
  /** What the rows were arranged by: another filter arranges them anew, whoever is at one. */
  private arrangedBy: WallFilter | null = null;

  constructor(
    readonly session: WallSession,
    private readonly environment: Environment,
    /** The id of this person, who is not shown to themselves. */
    own: string,
    readonly announcer: Announcer,
  ) {
    this.look.value = lookOf(environment.shelf.read(KEY));
    this.attendedAt = environment.now();
    this.tick();
    const timer = setInterval(() => this.tick(), TICK_MS);
    this.stops = [
      () => clearInterval(timer),
      effect(() => this.arrange()),
      effect(() => {
        const before = untracked(() => this.people.value);
        this.people.value = peopleByDeal(before, session.here.value, own);
      }),
    ];
  }

  close(): void {
    for (const stop of this.stops) stop();
  }

  filter(change: Partial<WallFilter>): void {
    this.keep({ ...this.look.value, filter: { ...this.look.value.filter, ...change } });
  }

  fold(name: SectionName): void {
    const { folded } = this.look.value;
    const next = folded.includes(name) ? folded.filter((each) => each !== name) : [...folded, name];
    const row = this.opened.value;
    if (row && this.section(row.key)?.name === name) this.opened.value = null;
    this.keep({ ...this.look.value, folded: next });
  }

  toggle(item: ShownItem): void {
    this.opened.value = toggled(this.opened.value, item.key, item.deal.deal_id);
    if (!this.opened.value) this.rearrange();
  }

  /** Opens a row to answer it, or turns the open one to an answer. */
  answer(item: ShownItem, mode: Mode): void {
    this.opened.value = { key: item.key, dealId: item.deal.deal_id, mode };
  }

  /** Closes the open row. The one that was just `answered` leaves its section as soon as the wall has the answer. */
  shut(answered: string | null = null): void {
    this.opened.value = null;
    this.answered = answered;
    this.rearrange();
  }

  /**
   * Goes on after an answer was taken, which leaves the deal open or ends it. Returns the row to go to, null for the head
   * of the queue; undefined if the person has gone on to another row, or to another answer, meanwhile.
   */
  proceed(answered: Opened, stays: boolean): string | null | undefined {
    const now = this.opened.peek();
    if (now?.key !== answered.key || now.mode !== answered.mode) return undefined;
    const next = stays ? answered.key : this.next(answered.key);
    if (stays) this.opened.value = { ...answered, mode: "look" };
    else this.shut(answered.key);
    return next;
  }

  /** Somebody is at the wall. */
  attend(): void {
    this.attendedAt = this.environment.now();
  }

  /** Puts the whole wall in order, unless a row is open or every row is in its place. */
  turnOver(): void {
    if (this.opened.value || !isOutOfOrder(this.shown.value, this.sections())) return;
    batch(() => {
      this.turn.value += 1;
      this.rearrange();
    });
  }

  /** Lets every row go to its place. */
  rearrange(): void {
    this.arrangedBy = null;
    this.arrange();
  }

  /** The rows in sight, from the top. */
  get items(): readonly ShownItem[] {
    const { folded } = this.look.value;
    return this.shown.value.filter(({ name }) => !folded.includes(name)).flatMap(({ items }) => items);
  }

  item(key: string | null): ShownItem | undefined {
    return this.items.find((each) => each.key === key);
  }

  /** The row of the queue to go to after one is answered; null if it was the last. */
  next(key: string): string | null {
    const queue = this.shown.value.find(({ name }) => name === "waiting")?.items ?? [];
    const rest = queue.filter((item) => item.key !== key && !item.gone);
    return rest[0]?.key ?? null;
  }

  private section(key: string): ShownSection | undefined {
    return this.shown.value.find(({ items }) => items.some((item) => item.key === key));
  }

  private arrange(): void {
    const { filter, folded } = this.look.value;
    const rows = this.session.rows.value;
    const sections = this.sections();
    const isThere = sections.some(({ items }) => items.some(({ key }) => key === this.answered));
    const anew = this.arrangedBy !== filter || (this.answered !== null && !isThere);
    if (anew && !isThere) this.answered = null;
    // Until the rows are here there is no order to keep.
    this.arrangedBy = this.session.name.value === null ? null : filter;
    untracked(() => {
      this.shown.value = arranged(this.shown.value, sections, rows, (name) => !anew && !folded.includes(name));
      const row = this.opened.value;
      if (row && !this.section(row.key)) this.opened.value = null;
    });
  }

  private sections(): Section[] {
    return sectionsOf(this.session.rows.value, this.look.value.filter, this.today.value);
  }

  private keep(look: Look): void {
    this.look.value = look;
    this.environment.shelf.write(KEY, JSON.stringify(look));
  }

  private tick(): void {
    const now = this.environment.now() + this.session.ahead.value;
    this.now.value = now;
    this.today.value = localDay(now);
    if (this.environment.now() - this.attendedAt > ATTENDED_MS) untracked(() => this.turnOver());
  }
}

function localDay(milliseconds: number): string {
  const at = new Date(milliseconds);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
