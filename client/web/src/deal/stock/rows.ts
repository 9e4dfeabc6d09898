// The rows of a search: cars with their best offers. Applying a message twice, or late, changes nothing.
import type { DealKind, Fix, VehicleChanged } from "../../wire";
import { ageBucket } from "./ages";
import { type Claim, claimOf, ON_SALE } from "./claims";

export type Value = "pending" | "offer" | "none" | "failed";

export interface Row {
  readonly vehicle_id: string;
  readonly rev: number;
  readonly vin: string;
  readonly stock_no: string;
  readonly year: number;
  readonly make: string;
  readonly model: string;
  readonly trim: string;
  readonly body: string;
  /** Null of an older server. */
  readonly fuel: string | null;
  readonly mileage: number;
  readonly price_cents: number;
  readonly days_in_stock: number | null;
  /** The bucket of days that the trade counts the car in. */
  readonly age_bucket: string | null;
  /** How long the units of its model last at the pace of their sales; null if nobody knows. */
  readonly days_supply: number | null;
  readonly store_id: string | null;
  readonly payment_min_cents: number | null;
  readonly payment_max_cents: number | null;
  readonly cost_cents: number | null;
  /** Time and cost of a transfer from another store; 0 for the store's own cars. */
  readonly transfer_cost_cents: number | null;
  readonly transfer_days: number | null;
  /** What its floorplan has cost so far; null if it has none, or if this view hides it. */
  readonly floorplan_cents: number | null;
  /** Who holds the car or wants it too; null if nobody does. */
  readonly claim: Claim | null;
  readonly value: Value;
  readonly payment_cents: number | null;
  readonly term_months: number | null;
  readonly lender: string | null;
  readonly rate_bp: number | null;
  readonly cash_down_cents: number | null;
  readonly discount_cents: number | null;
  readonly npv_cents: number | null;
  readonly stress_npv_cents: number | null;
  readonly score: number | null;
  readonly binding: string | null;
  readonly fix: Fix | null;
  /** How the offer is paid; null without one, and of an older server. */
  readonly kind: DealKind | null;
  /** The price of a cash offer. */
  readonly out_the_door_cents: number | null;
  /** How many structures of the car nothing beats in both payment and value; null if this view hides them. */
  readonly tradeoffs: number | null;
}

export type Columns = Record<string, unknown[]>;

const UNVALUED = {
  value: "pending",
  payment_cents: null,
  term_months: null,
  lender: null,
  rate_bp: null,
  cash_down_cents: null,
  discount_cents: null,
  npv_cents: null,
  stress_npv_cents: null,
  score: null,
  binding: null,
  fix: null,
  kind: null,
  out_the_door_cents: null,
  tradeoffs: null,
} as const satisfies Partial<Row>;

/** Returns a row without its offer, as a search has it that does not find the car. */
export function unvalued(row: Row): Row {
  return { ...row, ...UNVALUED };
}

/** Which rows a message changed, by their place in `RowTable.rows`. */
export interface Changed {
  added: number[];
  updated: number[];
}

export class RowTable {
  readonly rows: Row[] = [];
  /** Rows that are no longer pending. */
  settled = 0;
  failed = 0;
  private readonly places = new Map<string, number>();

  get(vehicleId: string): Row | undefined {
    const place = this.places.get(vehicleId);
    return place === undefined ? undefined : this.rows[place];
  }

  /** Takes a change of a car. A repriced one is pending until it is valued again. Returns whether it is gone. */
  change(event: VehicleChanged): Changed & { gone: number | null } {
    const changed = { added: [], updated: [], gone: null };
    const known = this.get(event.vehicle_id);
    if (!known || event.rev < known.rev) return changed;
    if (!ON_SALE.has(event.status)) return { ...changed, gone: this.remove(known) };
    const claimed = { ...known, claim: claimOf(event) };
    const { rev, price_cents } = event;
    if (rev > known.rev) this.replace({ ...claimed, ...UNVALUED, rev, price_cents }, changed);
    // Who wants a car moves no offer: nothing is to be ranked.
    else this.replace(claimed, { added: [], updated: [] });
    return changed;
  }

  /** Returns the place of a car in `rows`. */
  place(vehicleId: string): number | undefined {
    return this.places.get(vehicleId);
  }

  /** Adds matched cars, each pending; a car that is here with this `rev` or a newer one stays as it is. */
  addMatches(columns: Columns, count: number): Changed {
    const changed: Changed = { added: [], updated: [] };
    for (let i = 0; i < count; i++) {
      const claim = this.get(String(columns.vehicle_id?.[i]))?.claim ?? null;
      this.put(rowAt(columns, i, claim, UNVALUED), changed);
    }
    return changed;
  }

  /** Sets the best offers; one for another `rev` of its car, or for a car that is not here, is dropped. */
  addOffers(columns: Columns, count: number): Changed {
    const changed: Changed = { added: [], updated: [] };
    for (let i = 0; i < count; i++) {
      const row = this.get(String(columns.vehicle_id?.[i]));
      if (row && row.rev === columns.rev?.[i]) this.replace({ ...row, ...offerAt(columns, i) }, changed);
    }
    return changed;
  }

  /** Adds rows of a snapshot: matches with their offers so far. */
  addSnapshot(columns: Columns, count: number): Changed {
    const changed: Changed = { added: [], updated: [] };
    for (let i = 0; i < count; i++) {
      this.put(rowAt(columns, i, claimAt(columns, i), snapshotValueAt(columns, i)), changed);
    }
    return changed;
  }

  /** Marks cars that nobody could value. */
  fail(vehicleIds: readonly string[]): Changed {
    const changed: Changed = { added: [], updated: [] };
    for (const id of vehicleIds) {
      const row = this.get(id);
      if (row?.value === "pending") this.replace({ ...row, value: "failed" }, changed);
    }
    return changed;
  }

  /** Marks cars that nobody could value as pending: they are valued again. */
  revive(vehicleIds: readonly string[]): Changed {
    const changed: Changed = { added: [], updated: [] };
    for (const id of vehicleIds) {
      const row = this.get(id);
      if (row?.value === "failed") this.replace({ ...row, value: "pending" }, changed);
    }
    return changed;
  }

  /** Returns the cars that nobody could value. */
  get failures(): string[] {
    return this.failed === 0 ? [] : this.rows.filter((row) => row.value === "failed").map((row) => row.vehicle_id);
  }

  private put(row: Row, changed: Changed): void {
    const known = this.get(row.vehicle_id);
    if (!known) {
      this.places.set(row.vehicle_id, this.rows.length);
      changed.added.push(this.rows.length);
      this.rows.push(row);
      this.count(row, 1);
    } else if (row.rev > known.rev || (row.rev === known.rev && known.value === "pending")) {
      this.replace(row, changed);
    }
  }

  private replace(row: Row, changed: Changed): void {
    const place = this.places.get(row.vehicle_id);
    const known = place === undefined ? undefined : this.rows[place];
    if (place === undefined || !known) return;
    this.count(known, -1);
    this.count(row, 1);
    this.rows[place] = row;
    changed.updated.push(place);
  }

  private remove(row: Row): number | null {
    const place = this.places.get(row.vehicle_id) ?? null;
    if (place === null) return null;
    this.rows.splice(place, 1);
    this.places.delete(row.vehicle_id);
    for (let i = place; i < this.rows.length; i++) this.places.set(this.rows[i]!.vehicle_id, i);
    this.count(row, -1);
    return place;
  }

  private count(row: Row, by: 1 | -1): void {
    if (row.value !== "pending") this.settled += by;
    if (row.value === "failed") this.failed += by;
  }
}

const CLAIM_FIELDS = ["held_by", "held_until", "held_here", "wanted_by"] as const;

/** Returns the claim in a row of a snapshot, as far as the view has it. */
function claimAt(columns: Columns, i: number): Claim | null {
  return claimOf(Object.fromEntries(CLAIM_FIELDS.map((name) => [name, columns[name]?.[i]])));
}

/**
 * Returns a car of a message, with `valued` in place of its offer. Written out: the rows of a table have one shape, which
 * keeps them small and their fields quick to read.
 */
function rowAt(columns: Columns, i: number, claim: Claim | null, valued: Offer): Row {
  return {
    vehicle_id: String(at(columns.vehicle_id, i)),
    rev: at(columns.rev, i),
    vin: at(columns.vin, i),
    stock_no: at(columns.stock_no, i),
    year: at(columns.year, i),
    make: at(columns.make, i),
    model: at(columns.model, i),
    trim: at(columns.trim, i),
    body: at(columns.body, i),
    fuel: at(columns.fuel, i),
    mileage: at(columns.mileage, i),
    price_cents: at(columns.price_cents, i),
    days_in_stock: at(columns.days_in_stock, i),
    age_bucket: ageBucket(at(columns.days_in_stock, i)),
    days_supply: at(columns.days_supply, i),
    store_id: at(columns.store_id, i),
    payment_min_cents: at(columns.payment_min_cents, i),
    payment_max_cents: at(columns.payment_max_cents, i),
    cost_cents: at(columns.cost_cents, i),
    transfer_cost_cents: at(columns.transfer_cost_cents, i),
    transfer_days: at(columns.transfer_days, i),
    floorplan_cents: at(columns.floorplan_cents, i),
    claim,
    ...valued,
  };
}

type Offer = Pick<Row, keyof typeof UNVALUED>;

function offerAt(columns: Columns, i: number): Offer {
  const payment: number | null = at(columns.payment_cents, i);
  const outTheDoor: number | null = at(columns.out_the_door_cents, i);
  return {
    value: payment === null && outTheDoor === null ? "none" : "offer",
    payment_cents: payment,
    term_months: at(columns.term_months, i),
    lender: at(columns.lender, i),
    rate_bp: at(columns.rate_bp, i),
    cash_down_cents: at(columns.cash_down_cents, i),
    discount_cents: at(columns.discount_cents, i),
    npv_cents: at(columns.npv_cents, i),
    stress_npv_cents: at(columns.stress_npv_cents, i),
    score: at(columns.score, i),
    binding: at(columns.binding, i),
    fix: at(columns.fix, i),
    kind: at(columns.kind, i),
    out_the_door_cents: outTheDoor,
    tradeoffs: at(columns.frontier, i),
  };
}

/** A cell; a field that the view hides is null. The server's columns have the types of the row. */
// biome-ignore lint/suspicious/noExplicitAny: the wire's columns are of any type
function at(column: unknown[] | undefined, i: number): any {
  return column?.[i] ?? null;
}

/** What a snapshot says of a car's value: there (true), pending (false), or given up (null). */
function snapshotValueAt(columns: Columns, i: number): Offer {
  const valued = columns.valued?.[i];
  if (valued === true) return offerAt(columns, i);
  return valued === null ? { ...UNVALUED, value: "failed" } : UNVALUED;
}
