// What people wrote, as it stands beside what they did not: it locked, whichever way it runs. Pure.

/** Controls of direction: nobody sees them, and what stands beside them reads in another order. */
const DISORDER = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Letters that are written from right to left. */
const BACKWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Returns what JSON from the server says, without controls of direction: an older release stored texts that have some. */
export function parseReadable(json: string): unknown {
  return JSON.parse(json.replace(DISORDER, ""));
}

/** Returns a text for the middle of a sentence: what follows one that runs backwards stays behind it. */
export function isolated(text: string): string {
  return BACKWARDS.test(text) ? `\u2068${text}\u2069` : text;
}
