// The quote of the chosen car: the question, the last answer, and the pending request. One request is pending at a
// time; of those that come up meanwhile only the newest is sent.
import { signal } from "@preact/signals";
import type { Cancel } from "../../live/environment";
import type { ErrorBody, FrontierReply, QuoteReply, Reply, Roll, StructureChanges } from "../../wire";
import type { Applied } from "./applied";
import { axisWith, columnsOf } from "./axes";

/** A person moves through the cars with the arrow keys: only the one where they stop is quoted. */
const PAUSE_MS = 120;

/** The subject of the quote: another car, version of the deal or view is another aim. */
export interface Aim {
  vehicleId: string;
  version: number;
  view: string;
}

/** A structure that this person chose for the car instead of the best one. It stays on this screen. */
export interface Pick {
  changes: StructureChanges;
  programmeId: string | null;
  /** Whether program and discount are the offer's: for a view that does not see which program that is. */
  keepOffer?: boolean;
}

/** Returns the changes of a pick that is financed, also where the deal is a lease or paid in cash. */
export function financed(structure: { readonly kind?: unknown }, changes: StructureChanges): StructureChanges {
  return structure.kind === undefined || structure.kind === "finance" ? changes : { kind: "finance", ...changes };
}

/** Returns the pick that opens a remedy of what was picked: what the remedy does not name stays picked. */
export function remedied(pick: Pick | null, changes: StructureChanges): Pick {
  const { term_months, ...others } = pick?.changes ?? {};
  const kept = changes.terms_months === undefined && term_months !== undefined ? { ...others, term_months } : others;
  const programmeId = changes.rate_bp === undefined ? (pick?.programmeId ?? null) : null;
  return { ...pick, changes: { ...kept, ...changes }, programmeId };
}

/** What the grid shows: a program's cells, null for the offer's own, or the best in each cell; and its columns. */
export interface GridWish {
  programmeId: string | null;
  best: boolean;
  /** How far the columns are apart, null for the store's step. */
  stepCents: number | null;
}

export interface QuoteQuestion {
  vehicleId: string;
  pick: Pick | null;
  roll: Roll | null;
  grid: GridWish;
  /** The columns of the grid; none: the server's own. */
  cashCents: readonly number[];
}

/** Where the questions go. Each returns whether it could be sent; without a connection no answer comes. */
export interface PencilPort {
  quote(question: QuoteQuestion, replied: (reply: Reply) => void): boolean;
  frontier(vehicleId: string, replied: (reply: Reply) => void): boolean;
  later(milliseconds: number, action: () => void): Cancel;
}

export interface PencilPicture {
  vehicleId: string | null;
  /** The last answer for this car; while `asking`, it belongs to an older question. */
  quote: QuoteReply | null;
  frontier: FrontierReply | null;
  asking: boolean;
  failure: ErrorBody | null;
  pick: Pick | null;
  grid: GridWish;
}

const NOTHING: PencilPicture = {
  vehicleId: null,
  quote: null,
  frontier: null,
  asking: false,
  failure: null,
  pick: null,
  grid: { programmeId: null, best: false, stepCents: null },
};

export class Pencil {
  readonly picture = signal<PencilPicture>(NOTHING);
  /** The change of the deal's terms that this person made last from this car's panel: it can be undone. */
  readonly applied = signal<Applied | null>(null);
  private target: Aim | null = null;
  private roll: Roll | null = null;
  /** How far the question of the best trade-offs is. */
  private tradeOffs: "none" | "asked" | "told" = "none";
  /** The columns around the best offer: a look at another structure moves none of them. */
  private columns: readonly number[] = [];
  private underWay = false;
  private again = false;
  /** Answers to questions from before a lost connection, or about another aim, are not shown. */
  private turn = 0;
  private pause: Cancel = () => {};

  constructor(private readonly port: PencilPort) {}

  /** Turns to a car, or to none. The state of another car, or of another view, is dropped. */
  aim(target: Aim | null): void {
    const before = this.target;
    if (before && target && same(before, target)) return;
    this.target = target;
    this.tradeOffs = "none";
    this.pause();
    if (before?.vehicleId !== target?.vehicleId || before?.view !== target?.view) this.applied.value = null;
    if (!target) {
      this.turn += 1;
      this.underWay = false;
      this.picture.value = { ...NOTHING, grid: { ...this.picture.value.grid, programmeId: null } };
      return;
    }
    this.columns = [];
    if (before?.vehicleId !== target.vehicleId || before.view !== target.view) {
      this.roll = null;
      // Another car may have other programs; the columns stay as this person set them.
      const grid = { ...this.picture.value.grid, programmeId: null };
      this.picture.value = { ...NOTHING, vehicleId: target.vehicleId, grid };
    }
    this.set({ asking: true, failure: null });
    this.pause = this.port.later(PAUSE_MS, () => this.ask());
  }

  /** Shows another structure of the car; null returns to the best one. */
  pick(pick: Pick | null): void {
    this.roll = null;
    this.set({ pick });
    this.ask();
  }

  /** Shows other cells around the same offer. */
  turnGrid(change: Partial<GridWish>): void {
    if (change.stepCents !== undefined) this.columns = [];
    this.set({ grid: { ...this.picture.value.grid, ...change } });
    this.ask();
  }

  /** Asks which change brings the payment to an amount. */
  rollTo(roll: Roll): void {
    this.roll = roll;
    this.ask();
  }

  retry(): void {
    this.ask();
  }

  /** The connection is gone, and so are pending answers. */
  lost(): void {
    this.turn += 1;
    this.underWay = false;
    if (this.tradeOffs === "asked") this.tradeOffs = "none";
  }

  /** The connection is back. */
  resume(): void {
    if (this.picture.value.asking) this.ask();
    else if (this.target && this.tradeOffs === "none") this.askFrontier();
  }

  private ask(): void {
    if (!this.target) return;
    this.pause();
    this.set({ asking: true, failure: null });
    if (this.underWay) {
      this.again = true;
      return;
    }
    this.again = false;
    const { vehicleId } = this.target;
    const aim = this.target;
    const turn = this.turn;
    const { pick, grid } = this.picture.value;
    const cashCents = pick ? axisWith(this.columns, pick.changes.cash_down_cents) : [];
    const question = { vehicleId, pick, roll: this.roll, grid, cashCents };
    this.underWay = this.port.quote(question, (reply) => {
      const current = aim === this.target && grid.stepCents === this.picture.value.grid.stepCents;
      if (turn === this.turn && current && !pick && reply.ok) this.columns = columnsOf(answer<QuoteReply>(reply));
      this.replied(reply, aim, turn);
    });
  }

  private replied(reply: Reply, aim: Aim, turn: number): void {
    if (turn !== this.turn) return;
    this.underWay = false;
    const { target } = this;
    if (!target) return;
    if (this.again) this.ask();
    if (aim.vehicleId !== target.vehicleId || aim.view !== target.view) return;
    if (this.again || this.underWay || aim.version !== target.version) {
      if (reply.ok) this.set({ quote: answer<QuoteReply>(reply) });
      return;
    }
    if (reply.ok) this.set({ quote: answer<QuoteReply>(reply), asking: false });
    else this.set({ asking: false, failure: reply.error ?? null });
    if (this.tradeOffs === "none" && reply.ok) this.askFrontier();
  }

  private askFrontier(): void {
    const aim = this.target;
    const turn = this.turn;
    if (!aim) return;
    this.tradeOffs = "asked";
    const sent = this.port.frontier(aim.vehicleId, (reply) => {
      if (turn !== this.turn || aim !== this.target) return;
      this.tradeOffs = "told";
      this.set({ frontier: reply.ok ? answer<FrontierReply>(reply) : null });
    });
    if (!sent) this.tradeOffs = "none";
  }

  private set(part: Partial<PencilPicture>): void {
    this.picture.value = { ...this.picture.value, ...part };
  }
}

/** Returns the deal's changes for a pick: its term becomes the only offered one. */
export function dealChanges({ changes }: Pick): StructureChanges {
  const { term_months: term, ...rest } = changes;
  return term == null ? changes : { ...rest, term_months: null, terms_months: [term] };
}

function answer<T>(reply: Reply): T {
  return reply.data as unknown as T;
}

function same(a: Aim, b: Aim): boolean {
  return a.vehicleId === b.vehicleId && a.version === b.version && a.view === b.view;
}
