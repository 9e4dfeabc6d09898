// What the structure form shows: labels, kinds and groups of the fields, and the words for values and limits.
import type { Field } from "./edits";

export type FieldKind = "money" | "optional_money" | "percent" | "date" | "terms" | "choice" | "flag";

export interface FieldSpec {
  field: Field;
  label: string;
  kind: FieldKind;
  /** Shown in an empty optional field: what nothing means. */
  empty?: string;
  choices?: Record<string, string>;
}

export interface FieldGroup {
  title: string;
  fields: FieldSpec[];
}

export const TIERS: Record<string, string> = {
  super_prime: "Super prime", prime: "Prime", near_prime: "Near prime", subprime: "Subprime",
  deep_subprime: "Deep subprime",
};
export const TIER_SOURCES: Record<string, string> = {
  stated: "Stated by customer", soft_pull: "Soft pull", bureau: "Bureau",
};
export const SCOPES: Record<string, string> = { store: "This store", group: "Whole group" };
export const OFFERED_TERMS = [24, 36, 48, 60, 72, 84];

export const GROUPS: FieldGroup[] = [
  {
    title: "Payment target",
    fields: [
      { field: "payment_min_cents", label: "From", kind: "money" },
      { field: "payment_max_cents", label: "Up to", kind: "optional_money", empty: "No limit" },
      { field: "terms_months", label: "Terms (months)", kind: "terms" },
    ],
  },
  {
    title: "Cash",
    fields: [
      { field: "cash_down_cents", label: "Cash down", kind: "money" },
      { field: "cash_down_max_cents", label: "At most", kind: "optional_money", empty: "As down" },
    ],
  },
  {
    title: "Trade",
    fields: [
      { field: "trade_allowance_cents", label: "Allowance", kind: "money" },
      { field: "trade_acv_cents", label: "Cash value (ACV)", kind: "money" },
      { field: "payoff_cents", label: "Payoff", kind: "money" },
      { field: "payoff_per_diem_cents", label: "Per diem", kind: "money" },
      { field: "payoff_good_through", label: "Good through", kind: "date" },
      { field: "trade_credit", label: "Trade lowers the tax base", kind: "flag" },
    ],
  },
  {
    title: "Credit",
    fields: [
      { field: "tier", label: "Tier", kind: "choice", choices: TIERS },
      { field: "tier_source", label: "Source", kind: "choice", choices: TIER_SOURCES },
    ],
  },
  {
    title: "Price and tax",
    fields: [
      { field: "discount_cents", label: "Discount", kind: "money" },
      { field: "rebate_cents", label: "Rebate", kind: "money" },
      { field: "products_cents", label: "Products", kind: "money" },
      { field: "taxable_products_cents", label: "Taxable part", kind: "money" },
      { field: "fees_cents", label: "Fees", kind: "money" },
      { field: "taxable_fees_cents", label: "Taxable part", kind: "money" },
      { field: "tax_rate_bp", label: "Tax rate", kind: "percent" },
    ],
  },
  {
    title: "Stock",
    fields: [{ field: "scope", label: "Search in", kind: "choice", choices: SCOPES }],
  },
];

const OTHER_LABELS: Record<string, string> = {
  price_cents: "Price", rebate_reduces_tax: "Rebate lowers the tax base", trade_credit_cap_cents: "Trade credit cap",
  prepaid_finance_cents: "Prepaid finance charge", rate_bp: "Rate", term_months: "Term", contract_date: "Contract date",
  first_payment_date: "First payment", day_count: "Day count", taxable_products_cents: "Taxable products",
  taxable_fees_cents: "Taxable fees", payment_min_cents: "Payment from", payment_max_cents: "Payment up to",
  terms_months: "Terms", cash_down_max_cents: "Cash down at most", trade_allowance_cents: "Trade allowance",
  scope: "Stock searched", payoff_good_through: "Payoff good through", payoff_per_diem_cents: "Payoff per diem",
};

/** Returns the name of a field as a timeline or a sentence needs it, by itself. */
export function fieldLabel(field: string): string {
  const spec = GROUPS.flatMap((group) => group.fields).find((candidate) => candidate.field === field);
  return OTHER_LABELS[field] ?? spec?.label ?? field.replaceAll("_", " ");
}

/** Returns what the server expected of a field in words: "expected at most fees_cents" names the field by its label. */
export function refusalText(expected: string): string {
  const named = expected.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => `“${fieldLabel(name)}”`);
  return named.replace(/^expected /i, "Must be ");
}

// The limits of lender programmes and customer as they stand on the wire.
const LIMITS: Record<string, string> = {
  payment_max: "payment above the customer's limit", pti: "payment too high for the income",
  dti: "debts too high for the income", ltv_front: "car financed above its book value",
  ltv_total: "loan above the book value limit", amount_max: "above the lender's largest loan",
  amount_min: "below the lender's smallest loan", npv_floor: "worth less than the store accepts",
  mileage: "too many miles for every programme", model_year: "too old for every programme",
  ltv_basis: "no book value to lend against", new_used: "no programme for new or used",
  discount: "discount above the price", rate: "no programme at this rate", term: "no programme with these terms",
  score: "no programme for this score", tier: "no programme for this tier",
};

/** Returns the words for a limit; one that a newer server names is shown by its name. */
export function limitText(limit: string): string {
  return LIMITS[limit] ?? limit.replaceAll("_", " ");
}
