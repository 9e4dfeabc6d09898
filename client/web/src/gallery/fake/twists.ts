// What goes otherwise than recorded, by the state of the screen that it brings about.
import type { SnapshotRows } from "../../wire";
import type { RecordedChannel, Twist } from "./recording";

const SIGNED_OUT = 4001;
const LOST = 1006;
/** Columns of a row's offer: absent until the car is valued, which `valued` says. */
const OFFER_COLUMNS = [
  "kind",
  "out_the_door_cents",
  "rebate_given_up_cents",
  "lease_payment_cents",
  "lease_term_months",
  "lease_lender",
  "lease_due_at_signing_cents",
  "lease_miles_per_year",
  "payment_cents",
  "term_months",
  "lender",
  "rate_bp",
  "cash_down_cents",
  "discount_cents",
  "npv_cents",
  "stress_npv_cents",
  "score",
  "binding",
  "fix",
  "frontier",
];

/** A search that runs: all cars are there, the first quarter is valued. */
export const streaming: Twist = {
  loaded: (channel) =>
    searching(channel, { ended: null, valued: 40, next: null }, (part) =>
      withoutOffers(part, Math.ceil(part.rows / 4)),
    ),
};

/** Some cars could not be valued. */
export const unvalued: Twist = {
  loaded: (channel) => searching(channel, {}, (part) => withoutOffers(part, part.rows - 3, null)),
};

/** The search looks at a part of the stock only, for everybody. */
export const filtered: Twist = {
  loaded: (channel) => {
    const filters = { ...channel.join.snapshot?.search?.filters, makes: ["Honda"], mileage_max: 60_000 };
    return searching(channel, { filters }, (part) => part);
  },
};

/** Of four cars one is held for this deal, one for another deal, and one is in another deal. */
export const claimed: Twist = {
  loaded: (channel) =>
    searching(channel, {}, (part) => {
      const one = <T>(of: number, value: T) =>
        Array.from({ length: part.rows }, (_, i) => (i % 4 === of ? value : null));
      const held = Array.from({ length: part.rows }, (_, i) => ["Riverside sales", "Dana Cole", null, null][i % 4]);
      const wanted_by = one(2, [{ by: "Dana Cole", deal_id: "d" }]);
      return { ...part, columns: { ...part.columns, held_by: held, held_here: one(0, true), wanted_by } };
    }),
};

/** What older recordings do not tell of a car's stay: its supply, unknown of some, and its floorplan to date. */
export const stays: Twist = {
  loaded: (channel) => searching(channel, {}, (part) => ({ ...part, columns: { ...stayOf(part), ...part.columns } })),
};

function stayOf({ columns }: SnapshotRows): SnapshotRows["columns"] {
  const days = (columns.days_in_stock ?? []) as number[];
  return {
    days_supply: days.map((_, row) => (row % 7 === 3 ? null : 18 + ((row * 29) % 110))),
    floorplan_cents: days.map((stay, row) => stay * (380 + 20 * (row % 9))),
  };
}

/** No car fits. */
export const empty: Twist = {
  loaded: (channel) => searching(channel, { matched: 0, valued: 0 }, (part) => cut(part, 0)),
};

/** Nothing has loaded yet. */
export const loading: Twist = { silent: "join" };

export const offline: Twist = { close: LOST };
export const signedOut: Twist = { close: SIGNED_OUT };

export const degraded: Twist = {
  after: [{ type: "notice", code: "degraded", message: "Searches are slow at the moment. Prices stay exact." }],
};

export const stale: Twist = {
  after: [{ type: "notice", code: "stale", message: "These cars are from an earlier search, 4 minutes ago." }],
};

/** Returns the twist of a deal that the person may not see, or that does not exist. */
export function refused(code: "not_found" | "forbidden", message: string): Twist {
  return { refuse: { join: { code, message, retry: false, detail: {} } } };
}

function searching(
  channel: RecordedChannel,
  changes: Record<string, unknown>,
  rows: (part: SnapshotRows) => SnapshotRows,
): RecordedChannel {
  const search = channel.join.snapshot?.search;
  if (!channel.join.snapshot || !search) return channel;
  const snapshot = { ...channel.join.snapshot, search: { ...search, ...changes } };
  return { join: { ...channel.join, snapshot }, rows: channel.rows.map(rows) };
}

function cut(part: SnapshotRows, rows: number): SnapshotRows {
  const columns = Object.entries(part.columns).map(([name, values]) => [name, values.slice(0, rows)]);
  return { ...part, rows, columns: Object.fromEntries(columns) };
}

/** Takes the offers of the rows from `valued` on; `state` is false of cars to be valued, null of those given up. */
function withoutOffers(part: SnapshotRows, valued: number, state: false | null = false): SnapshotRows {
  const columns = Object.entries(part.columns).map(([name, values]) =>
    OFFER_COLUMNS.includes(name) || name === "valued"
      ? [name, values.map((value, row) => (row < valued ? value : name === "valued" ? state : null))]
      : [name, values],
  );
  return { ...part, columns: Object.fromEntries(columns) };
}
