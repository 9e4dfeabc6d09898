// Trades of a deal. An edit of one of them is an edit of a single field: `trades.<id>.<field>`, or `trades.<id>` for
// whether the trade is on the deal. So people who edit different fields of one trade do not get in each other's way. Pure.
import type { Trade } from "../../wire";

export type TradeField = `trades.${string}`;
type Values = Readonly<Record<string, unknown>>;

/** A trade as a view shows it: salespeople see `appraised` instead of the cash value, customers neither. */
export type ShownTrade = Omit<Trade, "acv_cents"> & { acv_cents?: number | null; appraised?: boolean };

/** The flat fields of a structure that follow from its trades while it has any. */
const SUMS: ReadonlySet<string> = new Set([
  "trade_allowance_cents",
  "trade_acv_cents",
  "payoff_cents",
  "payoff_good_through",
  "payoff_per_diem_cents",
]);
const FIELDS: ReadonlySet<string> = new Set([
  ...["year", "make", "model", "mileage", "vin", "lienholder", "allowance_cents", "payoff_cents", "payoff_quoted_on"],
  ...["payoff_per_diem_cents", "payoff_good_through", "acv_cents", "appraised"],
]);
const DAY_MS = 86_400_000;
const MAX_TRADES = 2;

export function tradeField(id: string, field?: string): TradeField {
  return field === undefined ? `trades.${id}` : `trades.${id}.${field}`;
}

/** Returns the trade and the field that a key names, null for a key of something else. */
export function parts(key: string): { id: string; field: string | null } | null {
  if (!key.startsWith("trades.")) return null;
  const dot = key.lastIndexOf(".");
  const last = key.slice(dot + 1);
  if (dot > "trades.".length && FIELDS.has(last)) return { id: key.slice("trades.".length, dot), field: last };
  return { id: key.slice("trades.".length), field: null };
}

export function tradesOf(structure: Values): readonly ShownTrade[] {
  return (structure.trades as ShownTrade[] | undefined) ?? [];
}

/** Returns values with each trade as single fields. */
export function flattened(values: Values): Record<string, unknown> {
  const { trades, ...others } = values;
  const flat: Record<string, unknown> = others;
  for (const { id, ...fields } of (trades as ShownTrade[] | undefined) ?? []) {
    flat[tradeField(id)] = true;
    for (const [field, value] of Object.entries(fields)) flat[tradeField(id, field)] = value;
  }
  return flat;
}

/** Returns changes as the wire takes them: single fields of trades gathered by trade. */
export function gathered(changes: Values): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  const trades = new Map<string, Record<string, unknown> & { id: string }>();
  for (const [key, value] of Object.entries(changes)) {
    const named = parts(key);
    if (named === null) {
      flat[key] = value;
      continue;
    }
    const { id, field } = named;
    const trade = trades.get(id) ?? { id };
    trades.set(id, trade);
    if (field !== null) trade[field] = value;
    else if (value === false) trade.removed = true;
  }
  if (trades.size > 0) {
    flat.trades = [...trades.values()].map((trade) => (trade.removed ? { id: trade.id, removed: true } : trade));
  }
  return flat;
}

/** Returns the single field that a refusal of gathered changes names; null if it names none of a trade. */
export function refusedField(field: string, sent: readonly { id: string }[]): TradeField | null {
  const path = field.replace(/^changes\./, "");
  const listed = /^trades\[(\d+)\]\.(\w+)$/.exec(path);
  const trade = listed ? sent[Number(listed[1])] : undefined;
  if (listed && trade) return tradeField(trade.id, listed[2]);
  return path.startsWith("trades.") ? (path as TradeField) : null;
}

export interface Moved {
  key: string;
  /** What to call the field, with its car. */
  label: string;
  before: unknown;
  after: unknown;
}

/** Returns what changed of the trades between two structures, each field with the name of its car. */
export function moved(before: Values, after: Values, label: (key: string) => string): Moved[] {
  const [old, now] = [flattened({ trades: before.trades }), flattened({ trades: after.trades })];
  const all = [...tradesOf(after), ...tradesOf(before)];
  const name = (id: string) => tradeName(all.find((trade) => trade.id === id));
  const found: Moved[] = [];
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const named = parts(key);
    if (!named || old[key] === now[key]) continue;
    const { id, field } = named;
    if (field === null) {
      const [was, is] = [old[key], now[key]].map((there) => (there ? name(id) : undefined));
      found.push({ key, label: "Trade", before: was, after: is });
    } else if (now[tradeField(id)] && old[tradeField(id)]) {
      found.push({ key, label: `${name(id)}: ${label(key)}`, before: old[key], after: now[key] });
    }
  }
  return found;
}

/** Whether a changed field follows from trades that changed with it. */
export function follows(field: string, changes: Values): boolean {
  return field === "trades" || ("trades" in changes && SUMS.has(field));
}

/** Returns a trade's name, such as "2019 Honda CR-V". */
export function tradeName(trade: ShownTrade | undefined): string {
  return [trade?.year, trade?.make, trade?.model].filter(Boolean).join(" ") || "Trade";
}

/** Returns the payoff on a day: the per diem counts from the quote, or else from the good-through date. */
export function payoffOn(trade: ShownTrade, day: string): number {
  const since = trade.payoff_quoted_on ?? trade.payoff_good_through;
  const days = since === null ? 0 : Math.round((Date.parse(day) - Date.parse(since)) / DAY_MS);
  return trade.payoff_cents + trade.payoff_per_diem_cents * Math.max(0, days);
}

/** Whether a trade has its cash value; null if the view does not say. */
export function isAppraised(trade: ShownTrade): boolean | null {
  if (trade.acv_cents !== undefined) return trade.acv_cents !== null;
  return trade.appraised ?? null;
}

/** Whether this person may take a trade out: one that the desk appraised only who sees its value. */
export function isRemovable(trade: ShownTrade): boolean {
  return trade.acv_cents !== undefined || trade.appraised === false;
}

/** Whether something is allowed for a trade whose value nobody stated. */
export function lacksAppraisal(structure: Values): boolean {
  const trades = tradesOf(structure);
  if (trades.length > 0) return trades.some((trade) => trade.allowance_cents > 0 && isAppraised(trade) === false);
  return Number(structure.trade_allowance_cents ?? 0) > 0 && structure.trade_acv_cents === null;
}

export function hasRoom(structure: Values): boolean {
  return tradesOf(structure).length < MAX_TRADES;
}

/** Whether a structure has amounts of a trade without a record of it, as older clients make them. */
export function hasFlatTrade(structure: Values): boolean {
  if (tradesOf(structure).length > 0) return false;
  return [...SUMS].some((field) => Boolean(structure[field]));
}

/** Returns the edits that put a new trade on the deal, with the amounts that are there without a record. */
export function newTrade(id: string, structure: Values): Record<TradeField, unknown> {
  const edits: Record<TradeField, unknown> = { [tradeField(id)]: true };
  if (!hasFlatTrade(structure)) return edits;
  const own = { trade_allowance_cents: "allowance_cents", trade_acv_cents: "acv_cents" } as Record<string, string>;
  for (const field of SUMS) {
    if (structure[field]) edits[tradeField(id, own[field] ?? field)] = structure[field];
  }
  return edits;
}

/** Returns the day on which the trades are paid off: the contract's, or today. */
export function payoffDay(structure: Values): string {
  const contract = structure.contract_date;
  return typeof contract === "string" ? contract : new Date().toLocaleDateString("en-CA");
}
