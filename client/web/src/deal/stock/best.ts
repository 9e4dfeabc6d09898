// Among which cars the best one is the best, and how far the search is, in words. Pure.
import { type Formats, payText } from "../../text/format";
import { carName } from "../../text/readable";
import { whyNot } from "./fixes";
import type { Lost } from "./grid";
import type { Row } from "./rows";

export interface Reach {
  matched: number;
  settled: number;
  /** How many of the settled ones could not be valued. */
  failed: number;
  /** Why the search ended; null while it runs. */
  reason: string | null;
}

/** Returns "Best of 2,047 (all)", "Best of the first 20,000", or among how many cars the best one is known. */
export function reachText({ matched, settled, failed, reason }: Reach, formats: Formats): string {
  const cars = formats.count(matched);
  const valued = formats.count(settled - failed);
  if (matched === 0) return reason === null ? "Searching…" : "0 cars";
  if (failed > 0) return `Best of ${valued} valued · ${cars} ${reason === null ? "found" : "cars"}`;
  if (settled < matched) return `Best of ${valued} so far · ${cars} ${reason === null ? "found" : "cars"}`;
  if (reason === "complete") return `Best of ${cars} (all)`;
  if (reason === null) return `Best of ${cars} so far`;
  return `Best of the first ${cars}`;
}

/** Returns what is said aloud: "412 cars, 380 valued", at the end "412 cars, all valued". */
export function spokenText(reach: Reach & { shown: number }, formats: Formats): string {
  const { matched, settled, shown, failed, reason } = reach;
  if (matched === 0) return reason === null ? "Searching" : "No cars qualify";
  const cars = `${formats.count(matched)} ${matched === 1 ? "car" : "cars"}`;
  const valued = settled - failed < matched ? `${formats.count(settled - failed)} valued` : "all valued";
  const lost = failed > 0 ? `, ${formats.count(failed)} could not be valued` : "";
  const narrowed = shown < matched ? `, ${formats.count(shown)} shown` : "";
  return `${cars}, ${valued}${lost}${narrowed}`;
}

/** "$1,149.77 × 72", "$312.10 × 36 lease", "$27,085.25 cash"; null for a car without an offer. */
export function rowText(row: Row, formats: Pick<Formats, "cents">): string | null {
  const { out_the_door_cents: cash, payment_cents: payment, term_months: term, kind } = row;
  if (cash !== null) return payText(cash, null, false, formats);
  return payment === null ? null : payText(payment, term, kind === "lease", formats);
}

/** Returns what is said of a car that was chosen: "Chosen: 2023 Lexus RX, $1,149.77 × 72". */
export function chosenText(row: Row, formats: Formats): string {
  const car = `Chosen: ${[carName(row), row.trim].filter(Boolean).join(" ")}`;
  const paid = rowText(row, formats);
  if (paid !== null) return `${car}, ${paid}`;
  return row.value === "pending" ? car : `${car}. ${whyNot(row, formats)}`;
}

/** Returns why the panel of a chosen car is gone: "2023 Lexus RX was sold. Choose another car." */
export function lostText({ row, status }: Lost): string {
  return `${carName(row)} was ${status === "sold" ? "sold" : "taken off the list"}. Choose another car.`;
}

/** Returns what is said of a new order: "Sorted by payment, least first". */
export function orderText(column: string, descending: boolean): string {
  return `Sorted by ${column}, ${descending ? "greatest" : "least"} first`;
}

/** Whether nothing more comes by itself. */
export function isOver({ matched, settled, reason }: Omit<Reach, "failed">): boolean {
  return reason !== null && settled >= matched;
}

export const SPEAK_EVERY_MS = 4_000;

/** Keeps what is said aloud apart: a text that is news, at most every few seconds; of a short search, only the end. */
export class Speech {
  private said = "";
  /** When something was said, or the search began; null when all is said. */
  private at: number | null = null;

  /** Returns the text to say now, or null; ask again with the latest text after `SPEAK_EVERY_MS`. */
  next(text: string, over: boolean, now: number): string | null {
    // Another search began: that it ends as the one before is news too.
    if (!over && this.at === null) this.said = "";
    if (!over) this.at ??= now;
    const news = text !== this.said && (over || now - (this.at ?? now) >= SPEAK_EVERY_MS);
    if (over) this.at = null;
    else if (news) this.at = now;
    if (!news) return null;
    this.said = text;
    return text;
  }
}
