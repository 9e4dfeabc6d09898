// The rules of the rate sheet's row behind an offer, in the trade's words. Pure.
import type { Formats } from "../../text/format";
import type { LenderRules } from "../../wire";

const NEWEST_YEAR = 2100;
const OLDEST_YEAR = 1900;
const MOST_MILES = 2_000_000;
const LATEST_DAYS = 366;

const COUNTED: Record<LenderRules["advance_rule"], string> = {
  all_but_products: "all but products",
  price_ttl: "price plus tax, title and license",
};

export type Rule = [name: string, text: string];

/** Returns the rules that limit anything, each with its name. */
export function rulesOf(rules: LenderRules, formats: Formats): Rule[] {
  const caps: [string, number | null | undefined][] = [
    ["Max service contract", rules.service_contract_max_cents],
    ["Max GAP", rules.gap_max_cents],
    ["Max backend", rules.backend_max_cents],
    ["Max negative equity", rules.negative_equity_max_cents],
    ["Max reserve", rules.reserve_max_cents],
  ];
  const found: (Rule | null)[] = [
    ["Terms", band(rules.term_min_months, rules.term_max_months, formats.count, "months")],
    years(rules),
    miles(rules, formats),
    ["Front-end advance", `${formats.percent(rules.ltv_front_max_bp)} of book, on ${COUNTED[rules.advance_rule]}`],
    ["Total advance", totalAdvance(rules, formats)],
    ["Amount", `${formats.dollars(rules.amount_min_cents)} to ${formats.dollars(rules.amount_max_cents)}`],
    ...caps.map(([name, cents]): Rule | null => (cents == null ? null : [name, formats.dollars(cents)])),
    rules.down_min_cents ? ["Min down", formats.dollars(rules.down_min_cents)] : null,
    days(rules),
    rules.buy_rate_bp === undefined ? null : ["Buy rate", formats.percent(rules.buy_rate_bp)],
    rules.markup_max_bp === undefined ? null : ["Max markup", formats.percent(rules.markup_max_bp)],
  ];
  return found.filter((rule) => rule !== null);
}

function band(least: number, most: number, show: (value: number) => string, unit: string): string {
  return least === most ? `${show(most)} ${unit}` : `${show(least)} to ${show(most)} ${unit}`;
}

function years({ year_min: oldest, year_max: newest }: LenderRules): Rule | null {
  if (newest < NEWEST_YEAR) return ["Model years", oldest > OLDEST_YEAR ? `${oldest} to ${newest}` : `to ${newest}`];
  return oldest > OLDEST_YEAR ? ["Model years", `${oldest} and newer`] : null;
}

function miles({ mileage_min: least, mileage_max: most }: LenderRules, formats: Formats): Rule | null {
  if (most >= MOST_MILES && least === 0) return null;
  if (most >= MOST_MILES) return ["Mileage", `from ${formats.count(least)}`];
  return ["Mileage", `${formats.count(least)} to ${formats.count(most)}`];
}

function totalAdvance({ ltv_min_bp: least, ltv_total_max_bp: most }: LenderRules, formats: Formats): string {
  const from = least > 0 ? `${formats.percent(least)} to ` : "";
  return `${from}${formats.percent(most)} of book`;
}

function days({ first_payment_days_min: least, first_payment_days_max: most }: LenderRules): Rule | null {
  if (most >= LATEST_DAYS) return least > 0 ? ["First payment", `from ${least} days`] : null;
  return ["First payment", `${least} to ${most} days`];
}
