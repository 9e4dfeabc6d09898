// How many columns of a payment grid stand in its frame. Pure.

export interface Fit {
  /** The columns that are seen at once. */
  shown: number;
  /** How wide each is, in pixels: as many as fit fill the frame beside the row heads. Fewer are no wider. */
  width: number;
}

/** Returns the fit of `columns`, none narrower than `least`, beside row heads of a width. */
export function fitting(frame: number, heads: number, least: number, columns: number): Fit {
  const room = Math.max(least, frame - heads);
  const most = Math.max(1, Math.floor(room / least));
  return { shown: Math.max(1, Math.min(columns, most)), width: room / most };
}

/** Returns the first column to show so that one of them is in sight, moving no further than that takes. */
export function firstShown(first: number, wanted: number, { shown }: Fit, columns: number): number {
  const least = Math.max(0, wanted - shown + 1);
  const most = Math.min(wanted, columns - shown);
  return Math.max(0, Math.min(most, Math.max(least, first)));
}
