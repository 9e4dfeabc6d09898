// The trace of a search as a waterfall: a row for each stage, on one scale of time. Pure.
import type { StageSpan } from "../../wire";

const NAMES: [string, string][] = [
  ["parse", "Read the request"],
  ["cache", "Look for a stored answer"],
  ["pool_wait", "Wait for the database"],
  ["prepare", "Read versions, plan"],
  ["announce", "Announce the search"],
  ["db_first_row", "Read the first cars"],
  ["db_total", "Read all cars"],
  ["screen", "Check payments and limits"],
  ["publish", "Publish cars"],
  ["queue_wait", "Wait for a worker"],
  ["value", "Value"],
  ["push", "Send to screens"],
  ["paint", "Draw here"],
];
const OF: Record<string, string> = {
  first_matches: "First cars",
  first_offers: "First values",
  all_matches: "All cars",
  all_offers: "All values",
};
const LEAST_WIDTH = 0.4;
const MOST_TICKS = 5;

/** Where the stage runs: of the server's process, of the workers, or on the way to this screen. */
export type Place = "server" | "worker" | "screen";

export interface Segment {
  /** Percent of the scale. */
  left: number;
  width: number;
  from: number;
  to: number;
  /** What of the search it is, or empty. */
  of: string;
}

export interface StageRow {
  stage: string;
  label: string;
  place: Place;
  /** Milliseconds; the parts of parallel work are added up. */
  took: number;
  parts: number;
  segments: Segment[];
}

export interface Waterfall {
  rows: StageRow[];
  /** The end of the scale, in milliseconds. */
  whole: number;
  ticks: { at: number; left: number }[];
  /** When what stood on the screen, or was sent to it. */
  milestones: { label: string; at: number }[];
  /** Whether somebody saw that on a screen; else it is when it was sent. */
  seen: boolean;
}

/** Returns the waterfall of a search. `painted` is what this page drew, in place of what the server knows of it. */
export function waterfall(
  spans: readonly StageSpan[],
  trace: Readonly<Record<string, number>>,
  painted: readonly StageSpan[] = [],
): Waterfall {
  const own = new Set(painted.map((span) => span.of));
  const all = [...spans.filter((span) => span.name !== "paint" || !own.has(span.of)), ...painted];
  const whole = Math.max(1, ...all.map((span) => span.end_ms));
  const known = new Map(NAMES);
  const stages = [...new Set(all.map((span) => span.name))];
  const rows = stages.map((stage) => {
    const mine = all.filter((span) => span.name === stage).sort((a, b) => a.start_ms - b.start_ms);
    const sum = mine.reduce((total, span) => total + span.end_ms - span.start_ms, 0);
    return {
      stage,
      label: known.get(stage) ?? stage.replaceAll("_", " "),
      place: placeOf(stage),
      took: mine.some((span) => (span.count ?? 1) > 1) ? (trace[stage] ?? sum) : sum,
      parts: mine.reduce((total, span) => total + (span.count ?? 1), 0),
      segments: mine.map((span) => segment(span, whole)),
    };
  });
  const order = new Map(NAMES.map(([stage], place) => [stage, place]));
  rows.sort((a, b) => (order.get(a.stage) ?? NAMES.length) - (order.get(b.stage) ?? NAMES.length));
  const seen = all.some((span) => span.name === "paint");
  return { rows, whole, ticks: ticksOf(whole), milestones: milestonesOf(all, seen ? "paint" : "push"), seen };
}

function placeOf(stage: string): Place {
  if (stage === "queue_wait" || stage === "value") return "worker";
  return stage === "push" || stage === "paint" ? "screen" : "server";
}

function segment(span: StageSpan, whole: number): Segment {
  const width = Math.max(LEAST_WIDTH, (100 * (span.end_ms - span.start_ms)) / whole);
  const left = Math.min((100 * span.start_ms) / whole, 100 - width);
  return {
    left,
    width,
    from: span.start_ms,
    to: span.end_ms,
    of: span.of === undefined ? "" : (OF[span.of] ?? span.of),
  };
}

/** Returns round times along the scale. */
function ticksOf(whole: number): { at: number; left: number }[] {
  const rough = whole / MOST_TICKS;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= rough)!;
  const count = Math.floor(whole / step);
  return Array.from({ length: count + 1 }, (_, i) => ({ at: i * step, left: (100 * i * step) / whole }));
}

/** When each stage stood on this screen; if nobody reported that, when it was sent to the screens. */
function milestonesOf(spans: readonly StageSpan[], name: "paint" | "push"): { label: string; at: number }[] {
  return Object.entries(OF).flatMap(([of, label]) => {
    const span = spans.find((each) => each.name === name && each.of === of);
    return span ? [{ label, at: span.end_ms }] : [];
  });
}
