// Scales of a small chart: round ticks and places. Pure.

export interface Scale {
  low: number;
  high: number;
  ticks: number[];
  /** The place of a value as a share of the axis. */
  place(value: number): number;
}

const ROUND = [1, 2, 2.5, 5, 10];

/** Returns a scale over all values with about `wanted` ticks at round numbers; its ends are ticks. */
export function scaleOver(values: number[], wanted: number): Scale {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const span = most > least ? most - least : Math.max(1, Math.abs(most) * 0.1);
  const raw = span / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * (ROUND.find((factor) => factor * power >= raw) ?? 10);
  const low = Math.floor(least / step) * step;
  const count = Math.max(1, Math.ceil((most - low) / step - 1e-9));
  const ticks = Array.from({ length: count + 1 }, (_, i) => low + i * step);
  const high = ticks.at(-1)!;
  return { low, high, ticks, place: (value) => (value - low) / (high - low) };
}
