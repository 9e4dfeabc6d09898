// What a page said to a real server, and what it heard: `python -m tests.screens --record` writes it.
import type { SignedIn } from "../../page";
import type { ErrorBody, JoinReply, SnapshotRows, Welcome } from "../../wire";

/** A channel as it was loaded: the reply to the join, and its rows. */
export interface RecordedChannel {
  join: JoinReply;
  rows: SnapshotRows[];
}

export interface RecordedAnswer {
  /** The command, without `ref` and `op`. */
  request: Record<string, unknown> & { type: string };
  data?: Record<string, unknown>;
  error?: ErrorBody;
}

export interface Recording {
  /** When it was recorded: waiting times count from here. */
  at: string;
  path: string;
  user: SignedIn;
  welcome: Welcome;
  channels: Record<string, RecordedChannel>;
  answers: RecordedAnswer[];
  /** HTTP answers by path. */
  http: Record<string, unknown>;
}

/** How a story differs from its recording. */
export interface Twist {
  /** Changes what a channel is loaded with. */
  loaded?(channel: RecordedChannel): RecordedChannel;
  /** Messages after a channel has loaded. Events get the channel's next numbers. */
  after?: readonly Told[];
  /** Closes the socket with this code once the channel has loaded; it opens no more. */
  close?: number;
  /** The server hangs: the socket opens and says nothing, or a command of a type is never answered. */
  silent?: "socket" | "join" | "quote";
  /** Refuses commands of a type. */
  refuse?: Readonly<Record<string, ErrorBody>>;
  /** How many commands of a type are answered; those after them never are. */
  answered?: Readonly<Record<string, number>>;
  /** What is told to everybody after a command was answered. */
  follows?(command: Record<string, unknown>): readonly Told[];
}

/** A message without what the scripted server knows. */
export type Told = { type: string; [field: string]: unknown };

/** Returns the recorded answer that fits a command best: same type, then most fields alike. */
export function answerTo(answers: readonly RecordedAnswer[], request: Record<string, unknown>): RecordedAnswer | null {
  let best: RecordedAnswer | null = null;
  let most = -1;
  for (const answer of answers) {
    if (answer.request.type !== request.type) continue;
    const alike = Object.entries(answer.request).filter(([field, value]) => same(request[field], value)).length;
    if (alike > most) [best, most] = [answer, alike];
  }
  return best;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
