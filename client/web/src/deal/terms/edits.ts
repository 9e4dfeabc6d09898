// This person's edits on the way to the server. An edit is shown at once, sent with the version it was made on, and
// kept until the server has accepted it: after a refusal the value stays in its field with the reason next to it. Pure.
import type { Actor, ErrorBody, StructureChanges } from "../../wire";
import type { KeptEdit } from "./kept-edits";
import { flattened, gathered, parts, refusedField, type TradeField, tradeField } from "./trades";

const SOMEBODY = "Somebody";
/** Two people who set one field within this time were in it together: the first one is asked as well. */
const TOGETHER_MS = 5_000;

export type Field = keyof StructureChanges | TradeField;

export interface Conflict {
  kind: "conflict";
  value: unknown;
  by: string;
  at: string | null;
}

export interface Refusal {
  kind: "refused";
  message: string;
  retry: boolean;
}

export type Trouble = Conflict | Refusal;

interface Edit {
  value: unknown;
  /** What the server had when the edit began. */
  base: unknown;
  trouble: Trouble | null;
  /** Why it was refused before it was sent again, with another field; null where it never was. */
  before?: Trouble | null;
}

interface Flight {
  op: string;
  changes: Record<string, unknown>;
  bases: Record<string, unknown>;
  /** Of the fields that are sent again: why they were refused before. */
  befores: Record<string, Trouble>;
  /** The version that the server answered; the event with it is awaited before the next edit goes out. */
  answered: number | null;
}

export interface Departure {
  op: string;
  version: number;
  changes: StructureChanges;
}

export class Edits {
  private readonly waiting = new Map<string, Edit>();
  private flight: Flight | null = null;
  /** Who set each field last, as far as this page has seen it. */
  private readonly setBy = new Map<string, { by: string; at: string }>();
  /** This person's last value of each field that the server took. */
  private readonly settled = new Map<string, { value: unknown; by: string | undefined; at: string }>();

  /**
   * Queues the value of a field; the newest value of a field wins; `base` is the server's value. If somebody set
   * another one since this person began to type (on `typedOn`), the two are in conflict.
   */
  put(field: Field, value: unknown, base: unknown, typedOn?: unknown): void {
    const shown = this.value(field, base);
    const overtaken = typedOn !== undefined && !same(typedOn, shown) && !same(value, shown);
    this.waiting.set(field, { value, base, trouble: overtaken ? this.conflictWith(field, shown) : null });
    // Fields that were refused may fit together with this one, such as a minimum and its maximum.
    for (const edit of this.waiting.values()) {
      if (edit.trouble?.kind !== "refused") continue;
      edit.before = edit.trouble;
      edit.trouble = null;
    }
  }

  private conflictWith(field: string, value: unknown): Conflict {
    return { kind: "conflict", value, ...(this.setBy.get(field) ?? { by: SOMEBODY, at: null }) };
  }

  /** Drops this person's value of a field in favour of the server's. */
  drop(field: Field): void {
    this.waiting.delete(field);
  }

  /** Queues a value again: this person has seen the conflict and insists. */
  insist(field: Field): void {
    const edit = this.waiting.get(field);
    if (edit) edit.trouble = null;
  }

  /** Queues again what was refused for no fault of its own. */
  retry(): void {
    for (const edit of this.waiting.values()) {
      if (edit.trouble?.kind === "refused" && edit.trouble.retry) edit.trouble = null;
    }
  }

  /** The value to show for a field: this person's until it is accepted, else the server's. */
  value(field: Field, served: unknown): unknown {
    const edit = this.waiting.get(field);
    if (edit) return edit.value;
    return this.flight && field in this.flight.changes ? this.flight.changes[field] : served;
  }

  trouble(field: Field): Trouble | null {
    return this.waiting.get(field)?.trouble ?? null;
  }

  /** Whether a value of the field is on its way or in line. */
  saving(field: Field): boolean {
    return this.flight !== null && field in this.flight.changes ? true : this.waiting.get(field)?.trouble === null;
  }

  get unsaved(): number {
    return new Set([...this.waiting.keys(), ...Object.keys(this.flight?.changes ?? {})]).size;
  }

  /** All that the server does not have yet. */
  get kept(): KeptEdit[] {
    const flying = Object.entries(this.flight?.changes ?? {}).map(([field, value]) => ({
      field: field as Field,
      value,
      base: this.flight?.bases[field],
    }));
    const waiting = [...this.waiting].map(([field, { value, base }]) => ({ field: field as Field, value, base }));
    return [...flying.filter(({ field }) => !this.waiting.has(field)), ...waiting];
  }

  /** Queues what another page of this tab had not sent; what this one has of the same field is newer. */
  restore(kept: readonly KeptEdit[]): void {
    for (const { field, value, base } of kept) {
      if (!this.waiting.has(field)) this.waiting.set(field, { value, base, trouble: null });
    }
  }

  /** Returns the next command to send, or null while one is pending or nothing is queued. */
  depart(version: number, op: string): Departure | null {
    if (this.flight) return null;
    const ready = [...this.waiting].filter(([, edit]) => edit.trouble === null);
    if (ready.length === 0) return null;
    const changes = Object.fromEntries(ready.map(([field, edit]) => [field, edit.value]));
    const bases = Object.fromEntries(ready.map(([field, edit]) => [field, edit.base]));
    const again = ready.flatMap(([field, { before }]) => (before ? [[field, before] as const] : []));
    for (const [field] of ready) this.waiting.delete(field);
    this.flight = { op, changes, bases, befores: Object.fromEntries(again), answered: null };
    return { op, version, changes: gathered(changes) as StructureChanges };
  }

  /** The server took the command and answered `version`; the newest version that was seen is `seen`. */
  taken(op: string, version: number, seen: number): void {
    if (this.flight?.op !== op) return;
    this.flight.answered = version;
    this.advance(seen);
  }

  /**
   * The server refused the command: the values stay in their fields, with the reason next to the invalid one. What was
   * typed since goes out, with the refused fields: nobody has refused them together, nor a newer value of one of them.
   */
  refused(op: string, error: ErrorBody): void {
    const flight = this.flight;
    if (flight?.op !== op) return;
    this.flight = null;
    const named = fieldOf(error, flight.changes);
    const atFault = named !== null && named in flight.changes ? named : null;
    const goesOn = [...this.waiting.values()].some((edit) => edit.trouble === null);
    for (const [field, value] of Object.entries(flight.changes)) {
      const newer = this.waiting.get(field);
      const own = atFault === null || field === atFault ? troubleOf(error, atFault) : null;
      // What another field is refused for does not stand at a field that has a fault of its own.
      const trouble = field === atFault ? own : (flight.befores[field] ?? own);
      const again = goesOn && trouble?.kind === "refused";
      this.waiting.set(field, {
        value: newer ? newer.value : value,
        base: flight.bases[field],
        trouble: again ? (newer?.trouble ?? null) : trouble,
        before: again ? trouble : null,
      });
    }
  }

  /** Remembers who set fields last: a conflict names them. */
  attribute(changes: Record<string, unknown>, by: Actor | undefined, at: string): void {
    if (by) for (const field of Object.keys(flattened(changes))) this.setBy.set(field, { by: by.name, at });
  }

  /** An event changed fields. A queued edit of a field that someone else set meanwhile is in conflict. */
  changed(changes: Record<string, unknown>, by: Actor | undefined, at: string, version: number): void {
    const values = flattened(changes);
    if ("trades" in changes) this.forgetLost(values);
    this.attribute(changes, by, at);
    for (const [field, value] of Object.entries(values)) {
      const edit = this.waiting.get(field);
      const own = this.flight && field in this.flight.changes && same(this.flight.changes[field], value);
      if (own) this.settled.set(field, { value, by: by?.id, at });
      else if (!edit) this.overtake(field, value, by, at);
      // An event has all fields of a trade, also those that did not change.
      const untouched = parts(field) !== null && edit !== undefined && same(value, edit.base);
      if (!edit || own || untouched) continue;
      if (same(edit.value, value)) this.waiting.delete(field);
      else edit.trouble = { kind: "conflict", value, by: by?.name ?? SOMEBODY, at };
    }
    this.advance(version);
  }

  /** Somebody set a field right after this person did: what this person typed stays, and they decide. */
  private overtake(field: string, value: unknown, by: Actor | undefined, at: string): void {
    const mine = this.settled.get(field);
    this.settled.delete(field);
    if (!mine || by === undefined || by.id === mine.by || same(mine.value, value)) return;
    if (Date.parse(at) - Date.parse(mine.at) > TOGETHER_MS) return;
    const trouble: Conflict = { kind: "conflict", value, by: by.name, at };
    this.waiting.set(field, { value: mine.value, base: value, trouble });
  }

  /** A snapshot replaced the deal: a queued edit of a field with another value by now is in conflict. */
  reloaded(version: number, structure: Record<string, unknown>): void {
    const values = flattened(structure);
    this.forgetLost(values);
    for (const [field, edit] of this.waiting) {
      const value = values[field];
      if (same(value, edit.value)) this.waiting.delete(field);
      else if (!same(value, edit.base)) edit.trouble = this.conflictWith(field, value);
    }
    this.advance(version);
  }

  /** Drops the edits of trades that were on the deal and left it. */
  private forgetLost(values: Record<string, unknown>): void {
    for (const field of [...this.waiting.keys()]) {
      const trade = parts(field);
      const adding = trade && this.waiting.get(tradeField(trade.id))?.value === true;
      if (trade && !adding && !(tradeField(trade.id) in values)) this.waiting.delete(field);
    }
  }

  private advance(seen: number): void {
    if (this.flight?.answered != null && seen >= this.flight.answered) this.flight = null;
  }
}

function troubleOf(error: ErrorBody, atFault: string | null): Trouble {
  const { value, by, at } = error.detail as { value?: unknown; by?: Actor; at?: string };
  if (error.code === "conflict" && atFault !== null) {
    return { kind: "conflict", value, by: by?.name ?? SOMEBODY, at: at ?? null };
  }
  const expected = error.detail.expected;
  const message = atFault && typeof expected === "string" ? expected : error.message;
  return { kind: "refused", message, retry: error.retry };
}

function fieldOf(error: ErrorBody, sent: Record<string, unknown>): string | null {
  const field = error.detail.field;
  const traded = typeof field === "string" && refusedField(field, (gathered(sent).trades as { id: string }[]) ?? []);
  if (traded) return traded;
  return typeof field === "string" ? (field.split(".").at(-1)?.replace(/\[.*$/, "") ?? null) : null;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
