// What the structure form shows: labels, kinds and groups of the fields, and the words for values and refusals.
import type { DayCount, DealKind, ErrorBody, RateReason, StructureChanges } from "../../wire";
import type { Field } from "./edits";
import { parts, tradeField } from "./trades";

export type FieldKind =
  | "money"
  | "optional_money"
  | "percent"
  | "optional_percent"
  | "date"
  | "terms"
  | "text"
  | "vin"
  | "whole"
  | "choice"
  | "optional_choice"
  | "flag"
  | "first_payment";

export interface FieldSpec {
  field: Field;
  label: string;
  kind: FieldKind;
  /** Shown in an empty optional field: the meaning of no value. */
  empty?: string;
  choices?: Record<string, string>;
  /** A field without which this one cannot be set: if the view hides it, the form omits this one too. */
  needs?: Field;
  /** The right to edit the field; without it the field is read-only. */
  right?: string;
  /** The field of the structure that locks and shows who is there; null: none of its own. */
  shared?: keyof StructureChanges;
  /** Follows from the trades, or from the product lines, while there are any. */
  derived?: boolean;
}

/** A part of the form that is folded unless the person opened it, or something in it is wrong. */
export type FoldName = "trade" | "fees" | "products" | "rate" | "contract" | "stock";

export interface FieldGroup {
  title: string;
  fields: FieldSpec[];
  /** Set where the labels of the fields need the title. */
  titled?: boolean;
  fold?: FoldName;
}

export const TIERS: Record<string, string> = {
  super_prime: "Super prime",
  prime: "Prime",
  near_prime: "Near prime",
  subprime: "Subprime",
  deep_subprime: "Deep subprime",
};
export const TIER_SOURCES: Record<string, string> = {
  stated: "Stated by customer",
  soft_pull: "Soft pull",
  bureau: "Bureau",
};
export const SCOPES: Record<string, string> = { store: "This store", group: "Whole group" };
export const RATE_REASONS: Record<RateReason, string> = {
  lender_cap: "Lender's cap",
  payment_budget: "Customer's budget",
  competing_offer: "Competing offer",
  promotion: "Promotion",
  subvented_rate: "Subvented rate",
  employee_programme: "Employee program",
  inventory_reduction: "Inventory reduction",
};
export const DEAL_KINDS: Record<DealKind, string> = { finance: "Finance", lease: "Lease", cash: "Cash" };
export const DAY_COUNTS: Record<DayCount, string> = { "30/360": "30/360", "actual/365": "Actual/365" };
export const OFFERED_TERMS = [24, 36, 48, 60, 72, 84];

/** The fields that people use, and below them what they open: the form in the order of the screen. */
export const GROUPS: FieldGroup[] = [
  {
    title: "Target payment",
    titled: true,
    fields: [
      { field: "payment_min_cents", label: "Min", kind: "money" },
      { field: "payment_max_cents", label: "Max", kind: "optional_money", empty: "No limit" },
    ],
  },
  {
    title: "Cash",
    fields: [
      { field: "cash_down_cents", label: "Cash down", kind: "money" },
      { field: "cash_down_max_cents", label: "Max cash down", kind: "optional_money", empty: "Same as down" },
    ],
  },
  {
    title: "Terms",
    fields: [{ field: "terms_months", label: "Terms (months)", kind: "terms" }],
  },
  {
    title: "Credit",
    fields: [
      { field: "tier", label: "Credit tier", kind: "choice", choices: TIERS },
      { field: "tier_source", label: "Source", kind: "choice", choices: TIER_SOURCES },
    ],
  },
  {
    title: "Paid by",
    fields: [{ field: "kind", label: "Paid by", kind: "choice", choices: DEAL_KINDS }],
  },
  {
    title: "Trade",
    fold: "trade",
    fields: [
      { field: "trade_allowance_cents", label: "Allowance", kind: "money", derived: true },
      {
        field: "trade_acv_cents",
        label: "Cash value (ACV)",
        kind: "optional_money",
        empty: "Not appraised",
        derived: true,
      },
      { field: "payoff_cents", label: "Payoff", kind: "money", derived: true },
      { field: "payoff_per_diem_cents", label: "Per diem", kind: "money", derived: true },
      { field: "payoff_good_through", label: "Good through", kind: "date", derived: true },
      { field: "trade_credit", label: "Trade-in tax credit", kind: "flag" },
    ],
  },
  {
    title: "Fees, tax",
    fold: "fees",
    fields: [
      { field: "discount_cents", label: "Discount", kind: "money" },
      { field: "rebate_cents", label: "Rebate", kind: "money", right: "price" },
      { field: "fees_cents", label: "Fees", kind: "money" },
      { field: "taxable_fees_cents", label: "Taxable part", kind: "money" },
      { field: "doc_fee_cents", label: "Doc fee (included)", kind: "money" },
      { field: "tax_rate_bp", label: "Tax rate", kind: "optional_percent", empty: "By address" },
    ],
  },
  {
    title: "F&I products",
    fold: "products",
    fields: [
      { field: "products_cents", label: "F&I products", kind: "money", derived: true },
      { field: "taxable_products_cents", label: "Taxable part", kind: "money", derived: true },
      {
        field: "products_cost_cents",
        label: "Product cost",
        kind: "optional_money",
        empty: "Store's share",
        derived: true,
      },
    ],
  },
  {
    title: "Rate override",
    fold: "rate",
    fields: [
      {
        field: "rate_bp",
        label: "Rate override",
        kind: "optional_percent",
        empty: "Standard",
        needs: "rate_reason",
        right: "rate",
      },
      {
        field: "rate_reason",
        label: "Reason",
        kind: "optional_choice",
        empty: "None",
        choices: RATE_REASONS,
        right: "rate",
      },
    ],
  },
  {
    title: "Contract",
    fold: "contract",
    fields: [
      { field: "contract_date", label: "Date", kind: "date" },
      { field: "first_payment_days", label: "First payment", kind: "first_payment" },
      { field: "prepaid_finance_cents", label: "Prepaid finance charge", kind: "money" },
      { field: "day_count", label: "Day count", kind: "choice", choices: DAY_COUNTS },
    ],
  },
  {
    title: "Stock",
    fold: "stock",
    fields: [{ field: "scope", label: "Search in", kind: "choice", choices: SCOPES }],
  },
];

/** The fields of a trade, by the name that they have in it. */
const TRADE_FIELDS: readonly (Omit<FieldSpec, "field"> & { name: string })[] = [
  { name: "year", label: "Year", kind: "whole", empty: "Unknown" },
  { name: "mileage", label: "Mileage", kind: "whole", empty: "Unknown" },
  { name: "make", label: "Make", kind: "text" },
  { name: "model", label: "Model", kind: "text" },
  { name: "vin", label: "VIN", kind: "vin", empty: "Unknown" },
  { name: "allowance_cents", label: "Allowance", kind: "money", shared: "trade_allowance_cents" },
  {
    name: "acv_cents",
    label: "Cash value (ACV)",
    kind: "optional_money",
    empty: "Not appraised",
    shared: "trade_acv_cents",
  },
  { name: "payoff_cents", label: "Payoff", kind: "money", shared: "payoff_cents" },
  { name: "lienholder", label: "Lienholder", kind: "text" },
  { name: "payoff_quoted_on", label: "Quoted on", kind: "date" },
  { name: "payoff_per_diem_cents", label: "Per diem", kind: "money", shared: "payoff_per_diem_cents" },
  { name: "payoff_good_through", label: "Good through", kind: "date", shared: "payoff_good_through" },
];

/** Returns the fields of a trade that the view shows. */
export function tradeFields(id: string, shown: object): FieldSpec[] {
  return TRADE_FIELDS.filter(({ name }) => name in shown).map(({ name, ...spec }) => ({
    shared: "trades",
    ...spec,
    field: tradeField(id, name),
  }));
}

const OTHER_LABELS: Record<string, string> = {
  price_cents: "Price",
  rebate_reduces_tax: "Rebate reduces tax",
  trade_credit_cap_cents: "Trade credit cap",
  prepaid_finance_cents: "Prepaid finance charge",
  rate_bp: "Rate override",
  term_months: "Term",
  doc_fee_cents: "Doc fee",
  rate_reason: "Rate override reason",
  contract_date: "Contract date",
  first_payment_date: "First payment date",
  first_payment_days: "First payment",
  day_count: "Day count",
  taxable_products_cents: "Taxable products",
  taxable_fees_cents: "Taxable fees",
  payment_min_cents: "Target payment min",
  payment_max_cents: "Target payment max",
  terms_months: "Terms",
  cash_down_max_cents: "Max cash down",
  trade_allowance_cents: "Trade allowance",
  scope: "Stock searched",
  trades: "Trades",
  products: "F&I products",
  products_cents: "F&I products",
  declined_products: "Declined products",
  payoff_good_through: "Payoff good through",
  payoff_per_diem_cents: "Payoff per diem",
  lease_miles_per_year: "Lease miles a year",
};

/** Returns the name of a field for a timeline or a sentence, without its group. */
export function fieldLabel(field: string): string {
  const trade = parts(field);
  if (trade?.field === "appraised") return "Appraised";
  if (trade) return TRADE_FIELDS.find(({ name }) => name === trade.field)?.label ?? "Trade";
  const spec = GROUPS.flatMap((group) => group.fields).find((candidate) => candidate.field === field);
  return OTHER_LABELS[field] ?? spec?.label ?? field.replaceAll("_", " ");
}

/** Returns what the server expected of a field in words: "expected at most fees_cents" names the field by its label. */
export function refusalText(expected: string): string {
  const named = expected.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => `“${fieldLabel(name)}”`);
  return named.replace(/^expected /i, "Must be ");
}

/** Returns a refusal as it stands at its field, which it need not name again. */
export function fieldRefusal({ message, detail }: Pick<ErrorBody, "message" | "detail">): string {
  return refusalText(typeof detail.expected === "string" ? detail.expected : message.replace(/^[\w.[\]]+: /, ""));
}
