// A structure's values in words, for the timeline and for conflicts.
import type { Formats } from "../../text/format";
import { DEAL_KINDS, RATE_REASONS, SCOPES, TIER_SOURCES, TIERS } from "./fields";
import { productsText } from "./products";

const WORDS: Record<string, Record<string, string>> = {
  kind: DEAL_KINDS,
  tier: TIERS,
  tier_source: TIER_SOURCES,
  scope: SCOPES,
  rate_reason: RATE_REASONS,
};

/** Returns the value of a structure's field as text. */
export function describeValue(field: string, value: unknown, formats: Formats): string {
  if (value === null || value === undefined) return "none";
  if (field === "first_payment_days") return `${value} days`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  const products = productsText(field, value, formats.cents);
  if (products !== null) return products;
  if (Array.isArray(value)) return formats.list(value.map(String));
  if (typeof value === "number" && field.endsWith("_cents")) return formats.cents(value);
  if (typeof value === "number" && field.endsWith("_bp")) return formats.percent(value);
  if (typeof value === "number" && field.split(".").at(-1) !== "year") return formats.count(value);
  if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value)) return formats.day(value);
  return WORDS[field]?.[String(value)] ?? String(value);
}
