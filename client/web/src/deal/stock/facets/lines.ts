// The lines of a facet's menu: what can be wanted, with how many rows that would show. Pure.
import type { Formats } from "../../../text/format";
import type { Count } from "./facets";
import { type FacetKind, limitText, type Wanted } from "./kinds";

export interface Line {
  wanted: string | number;
  text: string;
  rows: number;
  chosen: boolean;
}

/** Returns the lines of a menu: values by name, or limits with the rows of all steps that they hold. */
export function linesFor(
  kind: FacetKind,
  counts: readonly Count[],
  wanted: Wanted | undefined,
  formats: Formats,
): Line[] {
  return kind.by === "choice" ? values(counts, wanted) : limits(kind, counts, wanted, formats);
}

function values(counts: readonly Count[], wanted: Wanted | undefined): Line[] {
  const chosen = new Set(Array.isArray(wanted) ? (wanted as string[]) : []);
  const rows = new Map(counts.map((count) => [String(count.value), count.rows]));
  // What is wanted stays in the list, even if no row has it.
  const names = [...new Set([...rows.keys(), ...chosen])].sort((a, b) => a.localeCompare(b));
  return names.map((name) => ({ wanted: name, text: name, rows: rows.get(name) ?? 0, chosen: chosen.has(name) }));
}

function limits(kind: FacetKind, counts: readonly Count[], wanted: Wanted | undefined, formats: Formats): Line[] {
  const seen = counts.map(({ value }) => Number(value));
  const steps = kind.steps.length > 0 ? [...kind.steps] : seen.filter(Number.isFinite).sort((a, b) => a - b);
  if (kind.by === "least") steps.reverse();
  return steps.map((step) => {
    const holds = (value: number) => (kind.by === "most" ? value <= step : value >= step);
    const rows = counts.reduce((sum, count) => sum + (holds(Number(count.value)) ? count.rows : 0), 0);
    return { wanted: step, text: limitText(kind, step, formats), rows, chosen: wanted === step };
  });
}
