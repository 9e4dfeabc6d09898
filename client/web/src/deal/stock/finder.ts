// Finds any car of the stock, whether it fits the deal or not, as this person types.
import { signal } from "@preact/signals";
import { wordsIn } from "../../text/parse";
import type { ErrorBody, FindReply, Reply } from "../../wire";
import { type Row, RowTable } from "./rows";

export interface Found {
  /** The words that the cars were found by; empty while nothing is looked for. */
  words: string;
  /** Null until the answer is there. */
  rows: readonly Row[] | null;
  /** The stock has further cars with these words. */
  more: boolean;
  failure: ErrorBody | null;
}

const PAUSE_MS = 250;
/** A single character is in nearly every car. */
const LEAST_CHARACTERS = 2;

const NOTHING_FOUND: Found = { words: "", rows: null, more: false, failure: null };

/** Whether the cars are those with the words of a text, and not still those of an older one. */
export function finds({ words, rows }: Found, text: string): boolean {
  return rows !== null && words === wordsIn(text);
}

/** Whether the cars with the words of a text are still to come, or to be asked for. */
export function areAwaited({ words, rows }: Found, text: string): boolean {
  const wanted = wordsIn(text);
  return wanted.length >= LEAST_CHARACTERS && (words !== wanted || rows === null);
}

export interface FinderPort {
  /** Asks for the cars; returns whether there is a connection. */
  find(text: string, replied: (reply: Reply) => void): boolean;
  /** Does something later; returns what calls it off. */
  later(milliseconds: number, action: () => void): () => void;
}

export class Finder {
  readonly found = signal<Found>(NOTHING_FOUND);
  private pause: () => void = () => {};
  /** Answers to older words are not shown. */
  private turn = 0;

  constructor(private readonly port: FinderPort) {}

  /** Looks for cars once the person pauses; too few characters clear what was found. */
  look(text: string): void {
    const words = wordsIn(text);
    this.pause();
    if (words.length < LEAST_CHARACTERS) this.clear();
    else if (words !== this.found.value.words) this.pause = this.port.later(PAUSE_MS, () => this.ask(words));
  }

  clear(): void {
    this.pause();
    this.turn += 1;
    this.found.value = NOTHING_FOUND;
  }

  private ask(words: string): void {
    this.turn += 1;
    const { turn } = this;
    this.found.value = { ...NOTHING_FOUND, words };
    const sent = this.port.find(words, (reply) => {
      if (turn !== this.turn) return;
      if (!reply.ok) this.found.value = { ...this.found.value, rows: [], failure: reply.error ?? null };
      else this.found.value = { ...this.found.value, ...cars(reply.data as unknown as FindReply) };
    });
    if (!sent) this.found.value = NOTHING_FOUND;
  }
}

function cars({ columns, rows, more }: FindReply): Pick<Found, "rows" | "more"> {
  const table = new RowTable();
  table.addSnapshot({ ...columns, valued: Array.from({ length: rows }, () => true) }, rows);
  return { rows: table.rows, more };
}
