// Why a car fails, in the trade's words, and the changes that would qualify it. Pure.
import { amountText, type Formats } from "../../text/format";
import { isolated, sentence } from "../../text/readable";
import type { Fix, StructureChanges } from "../../wire";
import { remediesOf } from "../stock/fixes";
import { limitText } from "../terms/limits";

/** What refuses a car, as a row or a quote says it. */
export interface Refused {
  binding?: string | null;
  fix?: Fix | null;
  /** By how much the limit is missed at the lender that comes nearest. */
  over_cents?: number;
  over_lender?: string;
}

/** A change of the terms that qualifies the car. */
export interface FixButton {
  key: string;
  text: string;
  changes: StructureChanges;
}

/** Returns the reason with its amount and lender: "Over max advance by $2,310 at Group". */
export function whyNotText({ binding, fix, over_cents: over, over_lender: lender }: Refused, formats: Formats): string {
  if (!binding) return "No offer with these terms";
  const amount = binding === "npv_floor" ? fix?.value_cents : over;
  const by = amount == null ? "" : ` by ${amountText(amount, formats)}`;
  const at = lender === undefined ? "" : ` at ${isolated(lender)}`;
  return sentence(limitText(binding)) + by + at;
}

/** Returns the fixes that this person can make by a click, the cheapest first. */
export function fixButtons(
  fix: Fix | null | undefined,
  structure: Record<string, unknown>,
  formats: Formats,
): FixButton[] {
  return remediesOf(fix, structure, formats).flatMap(({ kind, text, changes }) =>
    changes === null ? [] : [{ key: kind, text: short(kind, text, fix!, formats), changes }],
  );
}

/** Returns what would qualify the car, but is for somebody else to grant. */
export function otherFixes(fix: Fix | null | undefined, formats: Formats): string[] {
  return remediesOf(fix, {}, formats).flatMap(({ text, changes }) => (changes === null ? [text] : []));
}

/** The words of a button: no longer than it takes. */
function short(kind: Fix["kind"], text: string, fix: Fix, formats: Formats): string {
  if (kind === "cash") return `+${amountText(fix.cash_cents ?? 0, formats)} down`;
  if (kind === "term") return `${formats.count(fix.term_months ?? 0)} mo`;
  return sentence(text);
}
