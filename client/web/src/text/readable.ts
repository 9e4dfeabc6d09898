// Text that people wrote, isolated from the text around it, in either writing direction. Pure.

/** Direction controls: they are invisible and reorder the text next to them. */
const DISORDER = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Letters that are written from right to left. */
const BACKWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Parses JSON from the server without direction controls: an older release stored texts that have some. */
export function parseReadable(json: string): unknown {
  return JSON.parse(json.replace(DISORDER, ""));
}

/** Returns a text for the middle of a sentence, isolated so that right-to-left text does not reorder what follows. */
export function isolated(text: string): string {
  return BACKWARDS.test(text) ? `\u2068${text}\u2069` : text;
}

/** "2023 Lexus RX". */
export function carName({ year, make, model }: { year: number; make: string; model: string }): string {
  return `${year} ${make} ${model}`;
}

/** Returns a text with its first letter as a capital. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns a lender's name for a narrow place: without the remark in brackets at its end. */
export function briefLender(name: string): string {
  return name.replace(/ \([^()]*\)$/, "");
}

/** Returns the initials of a person, as "RS" for "Riverside sales". */
export function initialsOf(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join("");
}
