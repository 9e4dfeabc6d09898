// What a folded part of the form says in its head: its sum, or what is set. Pure.
import type { Formats } from "../../text/format";
import { SCOPES } from "./fields";
import { firstPaymentText } from "./first-payment";
import { linesOf, totalCents } from "./products";
import { payoffOn, type ShownTrade, tradesOf } from "./trades";

type Values = Readonly<Record<string, unknown>>;

const amount = (value: unknown): number => (typeof value === "number" ? value : 0);

/** Returns what the trades leave once their loans are paid off on a day; null without a trade. */
export function equityCents(structure: Values, day: string): number | null {
  const trades = tradesOf(structure);
  if (trades.length > 0) return trades.reduce((sum, trade) => sum + trade.allowance_cents - payoffOn(trade, day), 0);
  const [allowance, payoff] = [amount(structure.trade_allowance_cents), amount(structure.payoff_cents)];
  return allowance === 0 && payoff === 0 ? null : allowance - payoff;
}

/** Returns "’19 CR-V, equity -$1,856" or "2 trades, equity $4,000". */
export function tradeHead(structure: Values, day: string, formats: Formats): string {
  const equity = equityCents(structure, day);
  const trades = tradesOf(structure);
  const name = trades.length > 1 ? `${trades.length} trades` : shortName(trades[0]);
  if (equity === null) return name;
  return [name, `equity ${formats.dollars(equity)}`].filter((part) => part !== "").join(", ");
}

function shortName(trade: ShownTrade | undefined): string {
  if (!trade) return "";
  const year = trade.year ? `’${String(trade.year % 100).padStart(2, "0")}` : "";
  return [year, trade.model || trade.make].filter(Boolean).join(" ");
}

/** Returns fees and tax as one sum; without a priced car there is no tax yet. */
export function feesHead(structure: Values, taxCents: number | undefined, formats: Formats): string {
  const fees = amount(structure.fees_cents);
  const off = amount(structure.discount_cents) + amount(structure.rebate_cents);
  const sum = taxCents === undefined ? `${formats.dollars(fees)} + tax` : formats.dollars(fees + taxCents);
  return off > 0 ? `${sum}, ${formats.dollars(off)} off` : sum;
}

/** Returns "F&I products (3)". */
export function productsTitle(structure: Values): string {
  const count = linesOf(structure.products).length;
  return count > 0 ? `F&I products (${count})` : "F&I products";
}

export function productsCents(structure: Values): number {
  const lines = linesOf(structure.products);
  return lines.length > 0 ? totalCents(lines) : amount(structure.products_cents);
}

/** Returns the rate that stands in place of the lender's. */
export function rateHead(structure: Values, formats: Formats): string {
  return typeof structure.rate_bp === "number" ? formats.percent(structure.rate_bp) : "Standard";
}

/** Returns the contract's date and when the first payment is due. */
export function contractHead(structure: Values, formats: Formats): string {
  const { contract_date: date, first_payment_date: due, first_payment_days: days } = structure;
  const signed = typeof date === "string" ? formats.day(date) : "Today";
  const first = typeof due === "string" ? formats.day(due) : firstPaymentText((days as number | null) ?? null, null);
  return `${signed}, due ${typeof due === "string" ? first : `in ${first}`}`;
}

export function stockHead(structure: Values): string {
  return SCOPES[String(structure.scope)] ?? "";
}
