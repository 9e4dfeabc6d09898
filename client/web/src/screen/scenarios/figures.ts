// Figures of scenarios as text.
import type { Figures } from "../../deal/scenarios/columns";
import type { Formats } from "../../text/format";

/** "$412.34 × 60", "$312.10 × 36 lease", or "$27,085.25 cash". */
export function payText({ kind, paidCents, termMonths }: Figures, formats: Formats): string {
  if (termMonths === null) return `${formats.cents(paidCents)} cash`;
  return `${formats.cents(paidCents)} × ${termMonths}${kind === "lease" ? " lease" : ""}`;
}

/** A difference with its sign: "+$12.40", "−$63.10". */
export function signed(cents: number, amount: (cents: number) => string): string {
  return `${cents < 0 ? "−" : "+"}${amount(Math.abs(cents))}`;
}
