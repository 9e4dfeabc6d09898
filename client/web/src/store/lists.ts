// What a person of the store asks before they are in a deal: find one, page through the list, begin one.
import { signal } from "@preact/signals";
import { AWAY, type Request } from "../live/connection";
import { newOp } from "../text/op";
import { wordsIn } from "../text/parse";
import type {
  CustomerFacts,
  DealBegun,
  DealList,
  ErrorBody,
  Found,
  PeopleList,
  Reply,
  SecurityEventList,
} from "../wire";

/** Sends a command; returns whether there is a connection. One with an `op` is kept until there is. */
export type Ask = (request: Request, replied: (reply: Reply) => void) => boolean;

export class StoreLists {
  private readonly channel: string;
  private beginning = false;

  constructor(
    storeId: string,
    private readonly ask: Ask,
  ) {
    this.channel = `deals:${storeId}`;
  }

  /** Finds customers and deals by name, phone, deal or stock number. */
  find(text: string, done: (found: Found) => void, failed: (error: ErrorBody) => void): void {
    this.question({ type: "look_up", channel: this.channel, text }, (data) => done(data as Found), failed);
  }

  /** Asks for a page of all deals, closed ones too. */
  page(after: string | null, done: (page: DealList) => void, failed: (error: ErrorBody) => void): void {
    const request = { type: "list_deals", channel: this.channel, after, limit: 50 } as const;
    this.question(request, (data) => done(data as DealList), failed);
  }

  /** Asks for the people to whom a deal can be assigned. */
  people(done: (found: PeopleList) => void, failed: (error: ErrorBody) => void): void {
    this.question({ type: "list_people", channel: this.channel }, (data) => done(data as PeopleList), failed);
  }

  /**
   * Begins a deal for a customer, known by id or new. It is begun once, also if the connection breaks meanwhile: a second
   * press before the answer begins none.
   */
  begin(
    whom: { customer_id: string } | { customer: CustomerFacts },
    done: (begun: DealBegun) => void,
    failed: (error: ErrorBody) => void,
  ): void {
    if (this.beginning) return;
    this.beginning = true;
    const take = answered((data) => done(data as DealBegun), failed);
    this.ask({ type: "begin_deal", channel: this.channel, op: newOp(), ...whom }, (reply) => {
      this.beginning = false;
      take(reply);
    });
  }

  /** Asks for a page of the store's security events. */
  security(
    asked: { kind: string; who: string; since: string; after: string | null },
    done: (page: SecurityEventList) => void,
    failed: (error: ErrorBody) => void,
  ): void {
    const request = { type: "security_events", channel: this.channel, limit: 50, ...asked } as const;
    this.question(request, (data) => done(data as SecurityEventList), failed);
  }

  private question(request: Request, done: (data: unknown) => void, failed: (error: ErrorBody) => void): void {
    if (!this.ask(request, answered(done, failed))) failed(AWAY);
  }
}

function answered(done: (data: unknown) => void, failed: (error: ErrorBody) => void): (reply: Reply) => void {
  return (reply) => (reply.ok ? done(reply.data) : failed(reply.error ?? AWAY));
}

export interface Looked {
  /** The words that were looked for; empty while nothing is. */
  words: string;
  /** The newest answer; null if there is none. It may be that to older words. */
  found: Found | null;
  /** The words that were answered. */
  answered: string;
  failure: ErrorBody | null;
}

const NOTHING: Looked = { words: "", found: null, answered: "", failure: null };
const PAUSE_MS = 150;

/** Whether what was found are the matches of a text, and not still those of an older one. */
export function answers({ found, answered }: Looked, text: string): boolean {
  return found !== null && answered === wordsIn(text);
}

/** Whether the answer to a text is still to come, or to be asked for. */
export function isAwaited(looked: Looked, text: string): boolean {
  const words = wordsIn(text);
  return words !== "" && looked.answered !== words;
}

/** Finds as this person types. An answer that comes after newer words were asked is not shown. */
export class Lookup {
  readonly looked = signal<Looked>(NOTHING);
  private turn = 0;
  private pause: () => void = () => {};

  constructor(
    private readonly find: StoreLists["find"],
    private readonly later: (milliseconds: number, action: () => void) => () => void,
  ) {}

  look(text: string): void {
    const words = wordsIn(text);
    this.pause();
    if (words === "") this.clear();
    else if (words !== this.looked.peek().words) this.pause = this.later(PAUSE_MS, () => this.request(words));
  }

  /** Looks again for what could not be looked for. */
  again(): void {
    const { words, failure } = this.looked.peek();
    if (words !== "" && failure) this.request(words);
  }

  clear(): void {
    this.pause();
    this.turn += 1;
    this.looked.value = NOTHING;
  }

  private request(words: string): void {
    this.turn += 1;
    const { turn } = this;
    // What was found before stays until the answer is there: the list does not flash.
    this.looked.value = { ...this.looked.peek(), words, failure: null };
    const show = (found: Found | null, failure: ErrorBody | null) => {
      if (turn === this.turn) this.looked.value = { words, found, answered: words, failure };
    };
    this.find(
      words,
      (found) => show(found, null),
      (failure) => show(null, failure),
    );
  }
}
