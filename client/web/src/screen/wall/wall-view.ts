// How the wall looks to this manager: filter, folds, the open row, and which rows keep their places meanwhile.
import { effect, signal, untracked } from "@preact/signals";
import type { Announcer } from "../../live/announcer";
import type { Cancel, Environment } from "../../live/environment";
import type { WallFilter } from "../../wall/filter";
import { arranged, type ShownItem, type ShownSection } from "../../wall/hold";
import { type Look, lookOf } from "../../wall/memory";
import { type Mode, type Opened, toggled } from "../../wall/opening";
import { type PeopleByDeal, peopleByDeal } from "../../wall/people";
import { type SectionName, sectionsOf } from "../../wall/sections";
import type { WallSession } from "../../wall/session";

const KEY = "deal-wall-look";
/** A pointer that rests holds nothing: the queue goes on under it. */
const POINTED_MS = 1_500;
const TICK_MS = 1_000;

export class WallView {
  readonly look = signal<Look>({ filter: { person: null, standing: null, text: "" }, folded: [] });
  readonly opened = signal<Opened | null>(null);
  readonly shown = signal<readonly ShownSection[]>([]);
  readonly people = signal<PeopleByDeal>(new Map());
  /** The server's time, by the second. */
  readonly now = signal(0);

  private readonly pointed = signal(false);
  readonly today = signal("");
  private unpoint: Cancel = () => {};
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
    this.tick();
    const timer = setInterval(() => this.tick(), TICK_MS);
    this.stops = [
      () => clearInterval(timer),
      () => this.unpoint(),
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
  }

  /** Opens a row to answer it, or turns the open one to an answer. */
  answer(item: ShownItem, mode: Mode): void {
    this.opened.value = { key: item.key, dealId: item.deal.deal_id, mode };
  }

  shut(): void {
    this.opened.value = null;
  }

  /**
   * Goes on after an answer was taken, which leaves the deal open or ends it. Returns the row to go to, null for the head
   * of the queue; undefined if the person has gone on to another row meanwhile.
   */
  proceed(answered: Opened, stays: boolean): string | null | undefined {
    if (this.opened.peek()?.key !== answered.key) return undefined;
    const next = stays ? answered.key : this.next(answered.key);
    this.opened.value = stays ? { ...answered, mode: "look" } : null;
    return next;
  }

  /** Somebody moves over the rows: they keep their places for a moment. */
  point(): void {
    this.pointed.value = true;
    this.unpoint();
    this.unpoint = this.environment.later(POINTED_MS, () => (this.pointed.value = false));
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
    const { filter } = this.look.value;
    const rows = this.session.rows.value;
    const sections = sectionsOf(rows, filter, this.today.value);
    const held = (this.opened.value !== null || this.pointed.value) && this.arrangedBy === filter;
    this.arrangedBy = filter;
    untracked(() => {
      this.shown.value = arranged(this.shown.value, sections, rows, held);
      const row = this.opened.value;
      if (row && !this.section(row.key)) this.opened.value = null;
    });
  }

  private keep(look: Look): void {
    this.look.value = look;
    this.environment.shelf.write(KEY, JSON.stringify(look));
  }

  private tick(): void {
    const now = this.environment.now() + this.session.ahead.value;
    this.now.value = now;
    this.today.value = localDay(now);
  }
}

function localDay(milliseconds: number): string {
  const at = new Date(milliseconds);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
