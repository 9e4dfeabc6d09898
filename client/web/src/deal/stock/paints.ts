// When a search's cars and values stood on the screen, from the command that asked for them. Pure: the caller tells the
// time, in milliseconds of a clock that never goes back. Only the person whose command began the search can tell.
import { type AnyEvent, FIRST_LATE_CHUNK, type StageSpan } from "../../wire";

export type PaintStage = "first_matches" | "first_offers" | "all_matches" | "all_offers";

export interface Paint {
  search_id: string;
  stage: PaintStage;
  /** From the command to the frame. */
  ms: number;
  /** From the message's arrival to the frame. */
  after_ms: number;
}

/** Searches that begin sooner after a reported one are not reported: each report is a command. */
export const REPORT_EVERY_MS = 10_000;
/** Commands that are remembered while their search has not begun. */
const KEPT_COMMANDS = 20;

interface Mark {
  heard: number;
  painted: number | null;
  reported: boolean;
}

export class Paints {
  private searchId: string | null = null;
  private version = 0;
  private asked: number | null = null;
  private sampled = false;
  private lastSample = Number.NEGATIVE_INFINITY;
  private marks = new Map<PaintStage, Mark>();
  /** When commands were sent, by their op; then by what their reply says that they began. */
  private readonly sent = new Map<string, number>();
  private readonly searches = new Map<string, number>();
  private readonly versions = new Map<number, number>();

  constructor(private readonly report: (paint: Paint) => void) {}

  /** A command left that may begin a search. One that is sent again keeps its first time. */
  left(op: string, now: number): void {
    if (!this.sent.has(op)) remember(this.sent, op, now);
  }

  /** A `search` was answered. */
  searched(op: string, searchId: string): void {
    this.move(op, (at) => remember(this.searches, searchId, at));
  }

  /** A `terms` was answered: it began the first search with this version or a newer one. */
  decided(op: string, version: number): void {
    this.move(op, (at) => remember(this.versions, version, at));
  }

  /** An event came. `visible`: the page is on the screen, so that frames are drawn. */
  heard(event: AnyEvent, now: number, visible: boolean): void {
    if (event.type === "search_started") this.begin(event.search_id, event.deal_version, now);
    const stage = stageOf(event);
    if (stage === null || !visible || !("search_id" in event) || event.search_id !== this.searchId) return;
    if (!this.marks.has(stage)) this.marks.set(stage, { heard: now, painted: null, reported: false });
  }

  /** Returns what the next frame will show for the first time. */
  get pending(): PaintStage[] {
    return [...this.marks].flatMap(([stage, mark]) => (mark.painted === null ? [stage] : []));
  }

  /** A frame with these stages of a search was drawn. Returns whether that is news. */
  drawn(searchId: string | null, stages: readonly PaintStage[], now: number): boolean {
    if (searchId === null || searchId !== this.searchId) return false;
    for (const stage of stages) {
      const mark = this.marks.get(stage);
      if (mark) mark.painted ??= now;
    }
    this.tell();
    return stages.length > 0;
  }

  /** The search that is followed now. */
  get current(): string | null {
    return this.searchId;
  }

  /** What was painted of a search so far, as spans of its trace; none if somebody else asked for it. */
  spans(searchId: string): StageSpan[] {
    const { asked } = this;
    if (searchId !== this.searchId || asked === null) return [];
    return [...this.marks].flatMap(([of, mark]) =>
      mark.painted === null
        ? []
        : [{ name: "paint", of, start_ms: Math.max(0, mark.heard - asked), end_ms: mark.painted - asked }],
    );
  }

  /** Lets go of everything: another view, or another deal. */
  clear(): void {
    this.searchId = null;
    this.asked = null;
    this.marks = new Map();
  }

  private begin(searchId: string, version: number, now: number): void {
    this.searchId = searchId;
    this.version = version;
    this.asked = null;
    this.marks = new Map();
    this.sampled = now - this.lastSample >= REPORT_EVERY_MS;
    this.find();
  }

  private move(op: string, keep: (at: number) => void): void {
    const at = this.sent.get(op);
    if (at === undefined) return;
    this.sent.delete(op);
    keep(at);
    if (this.asked === null) this.find();
    this.tell();
  }

  /** Looks for the command that began the current search. */
  private find(): void {
    if (this.searchId === null) return;
    const asked = this.searches.get(this.searchId);
    // Of several edits that one search follows, the person has waited since the first.
    const edits = [...this.versions].filter(([version]) => version <= this.version);
    for (const [version] of edits) this.versions.delete(version);
    this.asked = asked ?? (edits.length > 0 ? Math.min(...edits.map(([, at]) => at)) : null);
    if (this.asked !== null && this.sampled) this.lastSample = Math.max(this.lastSample, this.asked);
  }

  private tell(): void {
    const { asked, searchId } = this;
    if (asked === null || searchId === null || !this.sampled) return;
    for (const [stage, mark] of this.marks) {
      if (mark.painted === null || mark.reported) continue;
      mark.reported = true;
      this.report({ search_id: searchId, stage, ms: mark.painted - asked, after_ms: mark.painted - mark.heard });
    }
  }
}

function stageOf(event: AnyEvent): PaintStage | null {
  switch (event.type) {
    case "matches":
      return event.chunk < FIRST_LATE_CHUNK ? "first_matches" : null;
    case "offers":
      return event.chunk < FIRST_LATE_CHUNK ? "first_offers" : null;
    case "search_ended":
      return "all_matches";
    case "search_valued":
      return "all_offers";
    default:
      return null;
  }
}

function remember<K>(kept: Map<K, number>, key: K, at: number): void {
  kept.set(key, at);
  if (kept.size > KEPT_COMMANDS) kept.delete(kept.keys().next().value!);
}
