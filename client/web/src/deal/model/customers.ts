// What is known of a customer: the facts that people enter, with their words and kinds. Pure.

import type { Customer } from "../../wire";
import { flattened } from "../terms/trades";

export type FactKind = "text" | "money" | "whole" | "date" | "choice";

export interface FactSpec {
  name: string;
  label: string;
  kind: FactKind;
  choices?: Record<string, string>;
}

const SOURCES = { stated: "Stated", soft_pull: "Soft pull", bureau: "Bureau" };

export const BUYER: FactSpec[] = [
  { name: "name", label: "Name", kind: "text" },
  { name: "phone", label: "Phone", kind: "text" },
  { name: "address_line", label: "Street", kind: "text" },
  { name: "city", label: "City", kind: "text" },
  { name: "state", label: "State", kind: "text" },
  { name: "postal_code", label: "ZIP code", kind: "text" },
  { name: "monthly_income_cents", label: "Monthly income", kind: "money" },
  { name: "other_debt_cents", label: "Other debts a month", kind: "money" },
  { name: "current_payment_cents", label: "Pays now a month", kind: "money" },
  { name: "remaining_months", label: "Months left", kind: "whole" },
  { name: "score", label: "Credit score", kind: "whole" },
  { name: "score_source", label: "Score source", kind: "choice", choices: SOURCES },
  { name: "score_date", label: "Score date", kind: "date" },
];

export const CO_BUYER: FactSpec[] = [
  { name: "co_name", label: "Co-buyer's name", kind: "text" },
  { name: "co_monthly_income_cents", label: "Co-buyer's income", kind: "money" },
  { name: "co_other_debt_cents", label: "Co-buyer's debts", kind: "money" },
  { name: "co_score", label: "Co-buyer's score", kind: "whole" },
  { name: "co_score_source", label: "Its source", kind: "choice", choices: SOURCES },
  { name: "co_score_date", label: "Its date", kind: "date" },
];

/** The facts that are 0 or empty, not unknown, if nothing is entered. */
const NEVER_NULL: Record<string, unknown> = {
  other_debt_cents: 0,
  phone: "",
  address_line: "",
  city: "",
  postal_code: "",
};

/** Returns the value of a fact for the wire; nothing entered is unknown, or empty. */
export function factValue(name: string, value: unknown): unknown {
  return value === null || value === "" ? (NEVER_NULL[name] ?? null) : value;
}

/** Returns the facts that were edited and differ. */
export function changedFacts(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const [old, now] = [flattened(before), flattened(after)];
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => old[name] !== value));
}

/** Returns the label of a fact. */
export function factLabel(name: string): string {
  return [...BUYER, ...CO_BUYER].find((spec) => spec.name === name)?.label ?? name.replaceAll("_", " ");
}

/** Returns the facts of a customer that the view shows. */
export function factsOf(customer: Customer): Record<string, unknown> {
  return customer.facts ?? {};
}
