// The fields that this person edits: each edit is shown at once, and sent as soon as the one before it is taken.
import { signal } from "@preact/signals";
import { newOp } from "../../text/op";
import type { AnyEvent, DealChanged, ErrorBody, HistoryPage, Reply, StructureChanges } from "../../wire";
import { type Departure, Edits, type Field, type Trouble } from "./edits";
import type { KeptEdit } from "./kept-edits";
import { retryAfterMs } from "./retry";
import { flattened } from "./trades";

/** The deal's terms as the server has them. */
export interface Served {
  readonly version: number;
  readonly structure: Record<string, unknown>;
}

export interface TermsPort {
  /** The terms as they stand; null where no deal is loaded. */
  served(): Served | null;
  /** Whether commands may be sent. */
  live(): boolean;
  send(departure: Departure, replied: (reply: Reply) => void): void;
  later(milliseconds: number, action: () => void): void;
}

/** How long a server that has too much to do is left alone, unless it says how long. */
const PAUSE_MS = 2_000;
const OVERLOADED = ["rate_limited", "busy"];

export class TermsEditor {
  /** Changes with every edit, because `edits` itself is not a signal. */
  private readonly editing = signal(0);
  private edits = new Edits();

  constructor(private readonly port: TermsPort) {}

  /** Takes an edit of a field; `typedOn` is what stood in it when the person began to type. */
  edit(field: Field, value: unknown, typedOn?: unknown): void {
    if (typedOn === undefined) {
      this.editAll({ [field]: value });
      return;
    }
    this.edits.put(field, value, flattened(this.port.served()?.structure ?? {})[field], typedOn);
    this.depart();
  }

  /** Takes several fields at once, as a pencil has them. */
  editAll(changes: StructureChanges | Record<string, unknown>): void {
    const served = flattened(this.port.served()?.structure ?? {});
    for (const [field, value] of Object.entries(flattened({ ...changes }))) {
      this.edits.put(field as Field, value, served[field]);
    }
    this.depart();
  }

  /** How many edits wait to be sent. */
  get unsaved(): number {
    void this.editing.value;
    return this.edits.unsaved;
  }

  /** All edits that the server does not have yet. */
  get kept(): KeptEdit[] {
    void this.editing.value;
    return this.edits.kept;
  }

  /** Takes up edits of an earlier page, before the deal is loaded. */
  restore(kept: readonly KeptEdit[]): void {
    this.edits.restore(kept);
  }

  /** The value to show for a field: this person's while it is not taken, else the server's. */
  value(field: Field, served: unknown): unknown {
    void this.editing.value;
    return this.edits.value(field, served);
  }

  trouble(field: Field): Trouble | null {
    void this.editing.value;
    return this.edits.trouble(field);
  }

  saving(field: Field): boolean {
    void this.editing.value;
    return this.edits.saving(field);
  }

  keepMine(field: Field): void {
    this.edits.insist(field);
    this.depart();
  }

  takeTheirs(field: Field): void {
    this.edits.drop(field);
    this.editing.value += 1;
  }

  /** Lets go of every edit. */
  clear(): void {
    this.edits = new Edits();
    this.editing.value += 1;
  }

  /** A snapshot replaced the deal; `history` is the latest that happened to it. */
  reloaded(served: Served, history: HistoryPage | undefined): void {
    for (const event of (history?.events ?? []) as unknown as AnyEvent[]) {
      if (event.type === "deal_changed") this.edits.attribute(event.changes, event.by, event.at);
    }
    this.edits.reloaded(served.version, served.structure);
    this.editing.value += 1;
  }

  /** An event changed the terms. */
  changed(event: DealChanged): void {
    this.edits.changed(event.changes, event.by, event.at, event.version);
    this.editing.value += 1;
  }

  /** Sends the edits that are in line, unless others are under way. */
  depart(): void {
    this.editing.value += 1;
    const served = this.port.served();
    if (!served || !this.port.live()) return;
    const departure = this.edits.depart(served.version, newOp());
    if (!departure) return;
    const edits = this.edits;
    this.port.send(departure, (reply) => {
      if (edits === this.edits) this.replied(departure.op, reply);
    });
  }

  private refused(op: string, error: ErrorBody): void {
    this.edits.refused(op, error);
    if (!error.retry || !OVERLOADED.includes(error.code)) return;
    // Nothing was wrong with the edit: it goes out again by itself.
    this.port.later(retryAfterMs(error) || PAUSE_MS, () => {
      this.edits.retry();
      this.depart();
    });
  }

  private replied(op: string, reply: Reply): void {
    if (reply.ok) this.edits.taken(op, Number(reply.data?.version), this.port.served()?.version ?? 0);
    else if (reply.error) this.refused(op, reply.error);
    this.depart();
  }
}
