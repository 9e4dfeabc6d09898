// The cash that a held contract is expected to bring, month by month, for a bar chart. Pure.
import type { MonthlyCash } from "../../wire";

export interface MonthBar {
  month: number;
  collected: number;
  recovered: number;
  servicing: number;
}

export interface CashFlow {
  months: MonthBar[];
  /** The sum of all months, less servicing. */
  net: number;
  /** The month by which the amount lent is recovered, not discounted; null if it never is. */
  paidBack: number | null;
}

/** Returns the months in their order, and when the expected cash reaches what was lent. */
export function cashFlow({ collected, recovered, servicing }: MonthlyCash, lentCents: number): CashFlow {
  const months = collected.map((cents, i) => ({
    month: i + 1,
    collected: cents,
    recovered: recovered[i] ?? 0,
    servicing: servicing[i] ?? 0,
  }));
  let net = 0;
  let paidBack: number | null = null;
  for (const each of months) {
    net += each.collected + each.recovered - each.servicing;
    if (paidBack === null && net >= lentCents) paidBack = each.month;
  }
  return { months, net, paidBack };
}
