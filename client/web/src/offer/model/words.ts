// An offer in words. Pure.
import { amountText, type Formats, payText } from "../../text/format";
import { carName } from "../../text/readable";
import type { Acceptance, DealKind, PresentationReply, ShownCell, ShownLine, ShownWay } from "../../wire";
import { isSamePlace, type Picture } from "./choice";
import { hindrance, type OfferState, type Phase } from "./state";

export const KINDS: Record<DealKind, string> = { finance: "Finance", lease: "Lease", cash: "Cash" };

/** What the lines of a way to pay add up to. */
export const SUMS: Record<DealKind, string> = {
  finance: "Amount financed",
  lease: "Gross cap cost",
  cash: "Out the door",
};

export function sumOf(lines: readonly ShownLine[]): number {
  return lines.reduce((sum, { cents }) => sum + cents, 0);
}

/** Returns the lines with their sum, which may go on from another one. */
export function summed(lines: readonly ShownLine[], name: string, from = 0): ShownLine[] {
  return [...lines, { name, cents: from + sumOf(lines) }];
}

/** Returns the figure that is paid and what follows it: "$1,149.77", "a month for 72 months". */
export function paidText({ term_months: term, figures }: ShownCell, formats: Formats): [string, string] {
  if (figures.payment_cents === null || term === null) {
    return figures.total_cents < 0
      ? [formats.cents(-figures.total_cents), "paid to you"]
      : [formats.cents(figures.total_cents), "out the door"];
  }
  return [formats.cents(figures.payment_cents), `a month for ${term} months`];
}

/** "$1,149.77 × 72", "$312.10 × 36 lease", "$27,085.25 cash". */
export function shortText(
  { kind, term_months: term, figures }: Pick<Acceptance, "kind" | "term_months" | "figures">,
  formats: Formats,
): string {
  return payText(figures.payment_cents ?? figures.total_cents, term, kind === "lease", formats);
}

/** Returns what else is known of a figure, as name and value. */
export function factsOf(
  { kind, miles_per_year: miles }: ShownWay,
  { figures, cash_down_cents: cash }: ShownCell,
  formats: Formats,
): [string, string][] {
  if (kind === "cash") return [];
  const { due_at_signing_cents: due, apr_percent: apr } = figures;
  const facts: [string, string][] = [
    due === null ? ["Cash down", amountText(cash, formats)] : ["Due at signing", formats.cents(due)],
    ["Total of payments", formats.cents(figures.total_cents)],
  ];
  if (apr !== null) facts.push(["APR", formats.percent(Math.round(apr * 100))]);
  if (kind === "lease" && miles !== null) facts.push(["Miles a year", formats.count(miles)]);
  return facts;
}

/**
 * Returns how a cell differs from another: "$500 more down: $9.40 less a month, total of payments $676.80 less."; null
 * if it is the same place, or has no payment to compare.
 */
export function differenceText(cell: ShownCell, base: ShownCell, formats: Formats): string | null {
  const [payment, before] = [cell.figures.payment_cents, base.figures.payment_cents];
  if (isSamePlace(cell, base) || payment === null || before === null) return null;
  const cash = cell.cash_down_cents - base.cash_down_cents;
  const months = (cell.term_months ?? 0) - (base.term_months ?? 0);
  const causes: string[] = [];
  if (cash !== 0) causes.push(`${amountText(Math.abs(cash), formats)} ${cash > 0 ? "more" : "less"} down`);
  if (months !== 0) causes.push(`${Math.abs(months)} months ${months > 0 ? "longer" : "shorter"}`);
  const monthly = step(payment - before, formats);
  const total = step(cell.figures.total_cents - base.figures.total_cents, formats);
  const effects = [monthly ? `${monthly} a month` : "the same payment"];
  if (total) effects.push(`total of payments ${total}`);
  return `${causes.join(" and ")}: ${effects.join(", ")}.`;
}

function step(cents: number, formats: Formats): string | null {
  if (cents === 0) return null;
  return `${formats.cents(Math.abs(cents))} ${cents > 0 ? "more" : "less"}`;
}

/** Returns a cell for somebody who hears it: "72 months, $4,400 down: $1,149.77 a month, total of payments $82,783.44". */
export function cellLabel(cell: ShownCell, formats: Formats): string {
  const [paid, per] = paidText(cell, formats);
  const down = `${amountText(cell.cash_down_cents, formats)} down`;
  return `${cell.term_months} months, ${down}: ${paid} ${per}, total of payments ${formats.cents(cell.figures.total_cents)}`;
}

/** Returns how current the figures are. */
export function statusText(phase: Phase, reply: PresentationReply, formats: Formats): string {
  if (phase === "live") return `Live · ${formats.clock(reply.as_of)}`;
  if (phase === "checking") return "Checking…";
  return phase === "updating" ? "Updating…" : `No connection. Figures of ${formats.clock(reply.as_of)}.`;
}

/**
 * Returns what is read out: what is paid whenever it becomes another figure, what came of "I like this", and that the page
 * is not current.
 */
export function announcementText(
  phase: Phase,
  picture: Picture | null,
  liked: string | null,
  formats: Formats,
): string {
  if (phase === "offline") return "No connection. The figures may be out of date.";
  if (liked !== null) return liked;
  // A page that was just out of date says the new figures once they are there.
  if (phase === "updating" || !picture?.cell) return "";
  return `${carName(picture.car.car)}: ${paidText(picture.cell, formats).join(" ")}.`;
}

/** Returns what came of a press on "I like this"; null if nothing has. */
export function outcomeText(
  { liking }: Pick<OfferState, "liking">,
  accepted: Acceptance | null,
  reply: PresentationReply,
  own: boolean,
  formats: Formats,
): string | null {
  if (liking.kind === "changed") return "The figures changed just now. Look at the new ones, then press again.";
  if (liking.kind === "failed") return liking.message;
  if (!accepted) return null;
  const at = formats.clock(accepted.at);
  return own
    ? `${reply.salesperson} was told at ${at}. This is not a contract.`
    : `Liked at ${at}. This is not a contract.`;
}

/** Returns what stands beside "I like this": what came of it, or why it cannot be pressed. */
export function likedText(
  state: OfferState,
  accepted: Acceptance | null,
  reply: PresentationReply,
  own: boolean,
  formats: Formats,
): string {
  const outcome = outcomeText(state, accepted, reply, own, formats);
  if (outcome !== null) return outcome;
  const why = hindrance(state);
  if (why) return why;
  const last = state.acceptances.at(-1);
  if (last) return `Liked at ${formats.clock(last.at)}: ${carName(last.car)}, ${shortText(last, formats)}.`;
  return own ? `This tells ${reply.salesperson}. It is not a contract.` : "This is recorded. It is not a contract.";
}
