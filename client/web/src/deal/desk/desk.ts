// What this person does on the deal other than its terms: each command once, resent after a lost connection with the
// same `op`; a refusal is kept until it is seen. Independent of channel and connection.
import { signal } from "@preact/signals";
import type { Request } from "../../live/connection";
import { newOp } from "../../text/op";
import type { AnyCommand, ErrorBody, Reply, StructureChanges } from "../../wire";
import type { StepName } from "./steps";

type Deciding = Extract<AnyCommand, { op: string; channel: string }>;
/** A command that changes the deal, without the fields that sending adds. */
export type DeskCommand = Deciding extends infer C
  ? C extends Deciding
    ? Omit<C, "ref" | "op" | "channel">
    : never
  : never;

/** What a dialog is about. */
export type Opened =
  | { kind: "step"; step: StepName }
  | { kind: "lender"; lender: string | null }
  | { kind: "customer" }
  | { kind: "assign" };

/** What a counter asks for: changes of the agreed offer, or another programme. */
export interface CounterAsked {
  changes: StructureChanges;
  programme_id: string | null;
}

export class Desk {
  /** The subjects of commands that are on their way, such as `car:17` or `field:rate_bp`. */
  readonly busy = signal<ReadonlySet<string>>(new Set());
  /** Why the last command about a subject was refused. */
  readonly troubles = signal<ReadonlyMap<string, ErrorBody>>(new Map());
  readonly opened = signal<Opened | null>(null);

  constructor(
    private readonly send: (command: Request, replied: (reply: Reply) => void) => void,
    private readonly channel: string,
  ) {}

  /** Sends a command about a subject; `done` gets the answer if it was accepted. Does not wait for an earlier one. */
  give(subject: string, command: DeskCommand, done: (data: Reply["data"]) => void = () => {}): void {
    this.settle(subject, true, null);
    const request = { ...command, channel: this.channel, op: newOp() } as Request;
    this.send(request, (reply) => {
      this.settle(subject, false, reply.ok ? null : (reply.error ?? null));
      if (reply.ok) done(reply.data);
    });
  }

  /** Forgets why a command was refused. */
  dismiss(subject: string): void {
    if (this.troubles.value.has(subject)) this.settle(subject, this.busy.value.has(subject), null);
  }

  /** Forgets everything, as for another view. */
  clear(): void {
    this.busy.value = new Set();
    this.troubles.value = new Map();
    this.opened.value = null;
  }

  private settle(subject: string, busy: boolean, trouble: ErrorBody | null): void {
    const others = [...this.busy.value].filter((each) => each !== subject);
    this.busy.value = new Set(busy ? [...others, subject] : others);
    const troubles = new Map(this.troubles.value);
    if (trouble) troubles.set(subject, trouble);
    else troubles.delete(subject);
    this.troubles.value = troubles;
  }
}
