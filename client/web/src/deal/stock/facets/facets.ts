// Which rows pass what a person wants, and how many rows have each value. Kept up with every change of a row: nothing is
// counted again as rows come.
import type { Changed, Row } from "../rows";
import { bucketOf, type Chosen, FACETS, type FacetKey, kindOf, PLACES, passes, type Wanted } from "./kinds";

/** The bit of the words that were typed; the facets have the lower ones. */
const WORDS_BIT = 1 << FACETS.length;
const FIRST_ROOM = 1_024;

export interface Count {
  value: string | number;
  /** The rows that have it, and that pass everything that is wanted by the other facets. */
  rows: number;
}

/** The values of one facet that were seen, each with a code, and how many rows have each. */
interface Tally {
  readonly codes: Map<string | number | null, number>;
  readonly values: (string | number | null)[];
  readonly counts: number[];
}

export class Facets {
  chosen: Chosen = {};
  private words: readonly string[] = [];
  private rows = 0;
  /** For each row, a bit for each facet that it does not pass. */
  private masks = new Uint16Array(FIRST_ROOM);
  /** For each facet, the code of each row's value. */
  private codes = FACETS.map(() => new Uint16Array(FIRST_ROOM));
  private readonly tallies: Tally[] = FACETS.map(() => ({ codes: new Map(), values: [], counts: [] }));
  /** What the words are looked for in, of rows that were looked at. */
  private texts: (string | undefined)[] = [];

  /** Whether a row passes everything. */
  passes(place: number): boolean {
    return this.masks[place] === 0;
  }

  /** Whether anything is wanted in particular. */
  get narrowed(): boolean {
    return this.words.length > 0 || Object.values(this.chosen).some((wanted) => wanted !== undefined);
  }

  /** Takes rows that were added or changed. */
  admit(rows: readonly Row[], { added, updated }: Changed): void {
    this.reserve(rows.length);
    for (const place of added) this.write(rows[place]!, place);
    for (const place of updated) {
      this.count(place, -1);
      this.texts[place] = undefined;
      this.write(rows[place]!, place);
    }
    this.rows = rows.length;
  }

  /** Takes the removal of a row: those behind it move up. */
  remove(place: number): void {
    this.count(place, -1);
    for (const cells of [this.masks, ...this.codes]) cells.copyWithin(place, place + 1, this.rows);
    this.texts.splice(place, 1);
    this.rows -= 1;
  }

  /** Forgets the rows. The values that were seen stay: a menu does not lose its lines with each search. */
  clear(): void {
    this.rows = 0;
    this.texts = [];
    this.forget();
  }

  /** Wants other values of a facet; null: any. */
  choose(key: FacetKey, wanted: Wanted | null, rows: readonly Row[]): void {
    const any = wanted === null || (typeof wanted !== "number" && wanted.length === 0);
    const { [key]: _, ...others } = this.chosen;
    this.chosen = any ? others : { ...others, [key]: wanted };
    this.recount(rows, [key]);
  }

  /** Wants any value of every facet. */
  free(rows: readonly Row[]): void {
    const keys = Object.keys(this.chosen) as FacetKey[];
    this.chosen = {};
    this.recount(rows, keys);
  }

  /** Wants rows whose text holds every word of `text`. */
  look(text: string, rows: readonly Row[]): void {
    this.words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.recount(rows, []);
  }

  /** Returns the values of a facet that were seen, each with its rows, in no order. */
  counts(key: FacetKey): Count[] {
    const { values, counts } = this.tallies[PLACES.get(key)!]!;
    return values.flatMap((value, code) => (value === null ? [] : [{ value, rows: counts[code]! }]));
  }

  /** Looks again at some facets and the words of every row, and counts anew. */
  private recount(rows: readonly Row[], keys: readonly FacetKey[]): void {
    this.forget();
    const changed = keys.map((key) => ({ kind: kindOf(key), bit: 1 << PLACES.get(key)!, wanted: this.chosen[key] }));
    for (let place = 0; place < this.rows; place++) {
      let mask = this.masks[place]! & ~WORDS_BIT;
      for (const { kind, bit, wanted } of changed)
        mask = wanted === undefined || passes(rows[place]!, kind, wanted) ? mask & ~bit : mask | bit;
      this.masks[place] = this.holdsWords(rows[place]!, place) ? mask : mask | WORDS_BIT;
      this.count(place, 1);
    }
  }

  private write(row: Row, place: number): void {
    let mask = 0;
    for (const [i, kind] of FACETS.entries()) {
      this.codes[i]![place] = this.codeOf(this.tallies[i]!, bucketOf(row, kind));
      const wanted = this.chosen[kind.key];
      if (wanted !== undefined && !passes(row, kind, wanted)) mask |= 1 << i;
    }
    this.masks[place] = this.holdsWords(row, place) ? mask : mask | WORDS_BIT;
    this.count(place, 1);
  }

  private codeOf({ codes, values, counts }: Tally, value: string | number | null): number {
    const known = codes.get(value);
    if (known !== undefined) return known;
    codes.set(value, values.length);
    counts.push(0);
    return values.push(value) - 1;
  }

  /** A row that passes all counts for every facet; one that fails by one facet, for that one: what it would add. */
  private count(place: number, by: 1 | -1): void {
    const mask = this.masks[place]!;
    if (mask === 0) {
      for (let i = 0; i < FACETS.length; i++) this.tallies[i]!.counts[this.codes[i]![place]!]! += by;
    } else if (mask < WORDS_BIT && (mask & (mask - 1)) === 0) {
      const i = 31 - Math.clz32(mask);
      this.tallies[i]!.counts[this.codes[i]![place]!]! += by;
    }
  }

  private holdsWords(row: Row, place: number): boolean {
    const { words } = this;
    if (words.length === 0) return true;
    this.texts[place] ??= textOf(row);
    const text = this.texts[place];
    return words.every((word) => text.includes(word));
  }

  private forget(): void {
    for (const { counts } of this.tallies) counts.fill(0);
  }

  private reserve(rows: number): void {
    if (rows <= this.masks.length) return;
    const room = Math.max(rows, 2 * this.masks.length);
    this.masks = grown(this.masks, room);
    this.codes = this.codes.map((cells) => grown(cells, room));
  }
}

function grown(cells: Uint16Array<ArrayBuffer>, room: number): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(room);
  larger.set(cells);
  return larger;
}

function textOf(row: Row): string {
  const { year, make, model, trim, body, stock_no, vin, lender } = row;
  return `${year} ${make} ${model} ${trim} ${body} ${stock_no} ${vin} ${lender ?? ""}`.toLowerCase();
}
