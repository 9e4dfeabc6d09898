// The rows on the screen: the latest search's, or until its first match the older one's, marked as stale.
import { signal } from "@preact/signals";
import type { AnyEvent, SnapshotRows, VehicleChanged, View } from "../../wire";
import { Marks } from "./chosen/marks";
import { ON_SALE } from "./claims";
import { firstOrder } from "./columns";
import { type Count, Facets } from "./facets/facets";
import type { FacetKey, Wanted } from "./facets/kinds";
import type { Order } from "./order/order";
import { Ranking } from "./order/ranking";
import { type GridPicture, NO_ROWS } from "./picture";
import { type Changed, type Row, RowTable } from "./rows";
import { type StressRank, StressRanks } from "./turnover";

/** Fewer offers than this are ranked only when all are there. */
const LEAST_RANKED = 32;

/** A car that has left the stock. */
export interface Lost {
  row: Row;
  status: string;
}

export class Grid {
  readonly picture = signal<GridPicture>(NO_ROWS);
  readonly selected = signal<string | null>(null);
  /** The chosen car, once it has left the stock: what it was and why it is gone. */
  readonly lost = signal<Lost | null>(null);
  /** Whether the person is in the grid: then it re-orders only when told to. */
  readonly engaged = signal(false);

  readonly marks = new Marks();
  /** Changes whenever the first rows are to be shown. */
  readonly top = signal(0);

  private table = new RowTable();
  private readonly ranking: Ranking;
  private readonly facets = new Facets();
  private ranks = new StressRanks([]);
  /** Whether offers came since the ranks were reckoned. */
  private unweighed = false;
  private scale = 0;
  private searchId: string | null = null;
  private stale = false;
  private dirty = false;
  private rankedAtEnd = false;
  private words = "";
  /** A car that was found in the stock, and that the search does not have. */
  private visitor: Row | null = null;
  /** How many offers there were when the rows of this search were last ranked. */
  private rankedOf = 0;

  constructor(view: View, scores = false) {
    this.ranking = new Ranking(firstOrder(view, scores));
    this.picture.value = this.draw();
  }

  /** Takes the lower end of the payment target, in cents, and orders by it, unless someone is in the grid. */
  target(leastPayment: number): void {
    if (leastPayment === this.ranking.leastPayment) return;
    this.ranking.leastPayment = leastPayment;
    if (!this.engaged.value) this.rankRows();
    this.dirty = true;
  }

  /** A snapshot begins: its rows follow. */
  reset(searchId: string | null, view: View, scores: boolean): void {
    if (this.searchId === null) this.ranking.order = firstOrder(view, scores);
    this.begin(searchId);
    this.replace();
  }

  load(message: SnapshotRows): void {
    this.admit(this.table.addSnapshot(message.columns, message.rows));
  }

  follow(event: AnyEvent): void {
    if (event.type === "vehicle_changed") this.change(event);
    if (event.type === "search_started") this.begin(event.search_id);
    if (!("search_id" in event) || event.search_id !== this.searchId) return;
    if (event.type === "matches") {
      this.replace();
      this.admit(this.table.addMatches(event.columns, event.rows));
    } else if (event.type === "offers") {
      this.admit(this.table.addOffers(event.columns, event.rows));
    } else if (event.type === "value_failed") {
      this.admit(this.table.fail(event.vehicle_id));
    } else if (event.type === "search_ended") {
      this.replace();
    }
  }

  /**
   * Shows pending changes. A new search ranks its rows whenever their offers have doubled, unless someone is in the
   * grid, and once when everything is valued, even then: only the rows of the same search keep their order.
   */
  publish(valued: boolean): void {
    if (!valued && !this.rankedAtEnd && !this.stale && !this.engaged.value) this.rankSome();
    if (valued && !this.stale && (this.dirty || !this.rankedAtEnd)) {
      if (!this.rankedAtEnd) this.rankRows();
      // The order stays for a reader; rank changes move no row.
      this.weigh();
      this.rankedAtEnd = true;
      this.dirty = true;
    }
    if (this.dirty) this.picture.value = this.draw();
    this.dirty = false;
  }

  /** Ranks the first rows of a search early: each row is ranked a few times at most. */
  private rankSome(): void {
    if (this.table.settled < Math.max(LEAST_RANKED, 2 * this.rankedOf)) return;
    this.rankedOf = this.table.settled;
    this.rankRows();
    this.dirty = true;
  }

  /** Ranks the rows now: the person asked for it, or a snapshot is whole. */
  settle(): void {
    this.rankRows();
    this.weigh();
    this.picture.value = this.draw();
  }

  sortBy(order: Order): void {
    this.ranking.order = order;
    this.settle();
  }

  /** Shows only cars whose text holds every word. */
  filter(text: string): void {
    this.words = text;
    this.facets.look(text, this.table.rows);
    this.narrowed();
  }

  /** Shows only cars with some values of a facet; null: with any. */
  choose(key: FacetKey, wanted: Wanted | null): void {
    this.facets.choose(key, wanted, this.table.rows);
    this.narrowed();
  }

  /** Shows cars with any value of every facet. The words stay. */
  chooseAny(): void {
    this.facets.free(this.table.rows);
    this.narrowed();
  }

  /** Shows every car, whatever its words and facets. */
  showAll(): void {
    this.facets.free(this.table.rows);
    this.filter("");
  }

  /** Returns the values of a facet that were seen, each with the rows that choosing it would show. */
  counts(key: FacetKey): Count[] {
    return this.facets.counts(key);
  }

  get filterText(): string {
    return this.words;
  }

  /** Takes cars that nobody could value as pending: somebody asked to value them again. */
  revive(vehicleIds: readonly string[]): void {
    this.admit(this.table.revive(vehicleIds));
    this.picture.value = this.draw();
  }

  /** The cars that nobody could value. */
  get failures(): string[] {
    return this.table.failures;
  }

  readonly select = (vehicleId: string): void => {
    this.lost.value = null;
    this.selected.value = vehicleId;
  };

  /** Opens the panel of a car of the stock, whether the search has it or not. */
  visit(row: Row): void {
    this.visitor = row;
    this.select(row.vehicle_id);
  }

  /** Opens the panel of no car. */
  close(): void {
    this.selected.value = null;
    this.lost.value = null;
  }

  row(vehicleId: string): Row | undefined {
    return this.table.get(vehicleId) ?? (this.visitor?.vehicle_id === vehicleId ? this.visitor : undefined);
  }

  /** Ranks, and shows the best ones. */
  bringUp(): void {
    this.settle();
    this.top.value += 1;
  }

  /** Returns where a car is on the screen, or -1; `near` is where it was. */
  placeOnScreen(vehicleId: string, near: number): number {
    const place = this.table.place(vehicleId);
    const { shown } = this.picture.value;
    if (place === undefined) return -1;
    return shown[near] === place ? near : shown.indexOf(place);
  }

  /** Returns the rank of a car's offer, or null while it is unknown. */
  rank(vehicleId: string): StressRank | null {
    return this.ranks.at(this.table.place(vehicleId) ?? -1);
  }

  private change(event: VehicleChanged): void {
    const row = this.row(event.vehicle_id);
    const { gone, ...changed } = this.table.change(event);
    if (row && event.rev >= row.rev && !ON_SALE.has(event.status)) {
      if (this.visitor?.vehicle_id === event.vehicle_id) this.visitor = null;
      if (this.selected.value === event.vehicle_id) this.lost.value = { row, status: event.status };
    }
    if (gone === null) {
      this.admit(changed);
      return;
    }
    this.ranking.remove(gone);
    this.facets.remove(gone);
    this.ranks.remove(gone);
    this.dirty = true;
  }

  private begin(searchId: string | null): void {
    this.searchId = searchId;
    this.stale = true;
    this.dirty = true;
    this.rankedAtEnd = false;
    this.rankedOf = 0;
  }

  /** Drops the older search's rows. */
  private replace(): void {
    if (!this.stale) return;
    this.stale = false;
    this.table = new RowTable();
    this.facets.clear();
    this.unweighed = true;
    this.rankRows();
    this.weigh();
    this.dirty = true;
  }

  private rankRows(): void {
    const { rows } = this.table;
    this.ranking.settle(rows, this.facets);
    this.scale = rows.reduce((most, row) => Math.max(most, row.npv_cents ?? 0), 0);
  }

  private narrowed(): void {
    this.rankRows();
    this.picture.value = this.draw();
  }

  private weigh(): void {
    if (this.unweighed) this.ranks = new StressRanks(this.table.rows);
    this.unweighed = false;
  }

  private admit(changed: Changed): void {
    this.unweighed = true;
    this.facets.admit(this.table.rows, changed);
    this.ranking.admit(this.table.rows, changed, this.facets);
    this.dirty = true;
  }

  private draw(): GridPicture {
    const { rows, settled, failed } = this.table;
    const { order, shown, better, leastPayment } = this.ranking;
    const { ranks, scale, stale } = this;
    const { chosen } = this.facets;
    const matched = rows.length;
    return {
      rows,
      shown,
      order,
      leastPayment,
      better,
      ranks,
      turned: ranks.turned,
      scale,
      chosen,
      matched,
      settled,
      failed,
      stale,
    };
  }
}
