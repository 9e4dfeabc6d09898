// What would make a refused car acceptable, in words and numbers, and as changes to try. Pure.

import { amountText, type Formats } from "../../text/format";
import { isolated } from "../../text/readable";
import type { Fix, Rejection, StructureChanges } from "../../wire";
import { limitText } from "../terms/limits";
import { linesOf, nameOf } from "../terms/products";
import type { Row } from "./rows";

export interface Remedy {
  kind: Fix["kind"];
  text: string;
  /** The changes of a quote that shows it; null if this person cannot grant it. */
  changes: StructureChanges | null;
}

type Structure = Record<string, unknown>;
type Kind = Fix["kind"];

const LADDER_RUNGS = 6;
const KINDS: Kind[] = [
  "programme",
  "term",
  "cash",
  "product",
  "price",
  "value",
  "first_payment",
  "products",
  "doc_fee",
];

/** Returns every remedy that the server names, the cheapest first. */
export function remediesOf(fix: Fix | null | undefined, structure: Structure, formats: Formats): Remedy[] {
  if (!fix) return [];
  const order = [fix.kind, ...KINDS.filter((kind) => kind !== fix.kind)];
  return order.flatMap((kind) => {
    const found = remedy(kind, fix, structure, formats);
    return found ? [{ kind, ...found }] : [];
  });
}

function remedy(kind: Kind, fix: Fix, structure: Structure, formats: Formats): Omit<Remedy, "kind"> | null {
  const { cash_cents: cash, price_cents: price, term_months: term, lender, value_cents: value } = fix;
  if (kind === "cash" && cash != null) {
    const most = Number(structure.cash_down_max_cents ?? structure.cash_down_cents ?? 0);
    return { text: `${amountText(cash, formats)} more down`, changes: { cash_down_max_cents: most + cash } };
  }
  if (kind === "price" && price != null)
    return { text: `${amountText(price, formats)} more discount than you may give`, changes: null };
  if (kind === "term" && term != null) {
    const offered = (structure.terms_months as number[] | undefined) ?? [];
    const terms = [...new Set([...offered, term])].sort((a, b) => a - b);
    return { text: `${formats.count(term)} months`, changes: { terms_months: terms } };
  }
  if (kind === "product" && fix.product_id != null)
    return productRemedy(fix.product_id, fix.product_price_cents, structure, formats);
  if (kind === "programme" && lender != null)
    return { text: `${isolated(lender)} at its own rate`, changes: { rate_bp: null, rate_reason: null } };
  if (kind === "value" && value != null)
    return { text: `a store minimum lower by ${amountText(value, formats)}`, changes: null };
  return remedyOfDeal(kind, fix, structure, formats);
}

/** The changes of the deal itself, which meet a limit of every car alike. */
function remedyOfDeal(kind: Kind, fix: Fix, structure: Structure, formats: Formats): Omit<Remedy, "kind"> | null {
  const { first_payment_days: days, products_cents: products, doc_fee_cents: docFee } = fix;
  if (kind === "first_payment" && days != null)
    return {
      text: `first payment in ${formats.count(days)} days`,
      changes: { first_payment_days: days, first_payment_date: null },
    };
  if (kind === "products" && products != null)
    return { text: `${amountText(products, formats)} less in products`, changes: null };
  if (kind === "doc_fee" && docFee != null) {
    const others = Number(structure.fees_cents ?? 0) - Number(structure.doc_fee_cents ?? 0);
    const fees = others + docFee;
    const taxable = Math.min(Number(structure.taxable_fees_cents ?? 0), fees);
    return {
      text: `doc fee of ${amountText(docFee, formats)}`,
      changes: { doc_fee_cents: docFee, fees_cents: fees, taxable_fees_cents: taxable },
    };
  }
  return null;
}

/** A product that the lender refuses: without it, or at the price that it finances. */
function productRemedy(
  productId: string,
  price: number | null | undefined,
  structure: Structure,
  formats: Formats,
): Omit<Remedy, "kind"> {
  const lines = linesOf(structure.products);
  const kept =
    price == null
      ? lines.filter((line) => line.product_id !== productId)
      : lines.map((line) => (line.product_id === productId ? { ...line, price_cents: price } : line));
  const name = isolated(nameOf(productId));
  const text = price == null ? `without ${name}` : `${name} at ${amountText(price, formats)}`;
  return { text, changes: { products: kept } };
}

/** Returns the cheapest remedy in a few words, or null if there is none. */
export function cheapestText(fix: Fix | null | undefined, formats: Formats): string | null {
  return remediesOf(fix, {}, formats)[0]?.text ?? null;
}

/** Returns what would open the cars that one limit kept out: "$400 more down opens 63 cars". */
export function openingText({ fix }: Pick<Rejection, "fix">, formats: Formats): string | null {
  const text = cheapestText(fix, formats);
  if (text === null || !fix?.opens) return text;
  return `${text} opens ${formats.count(fix.opens)} ${fix.opens === 1 ? "car" : "cars"}`;
}

/** Returns some cash amounts, ascending, with the number of a limit's cars that each opens. */
export function cashLadder(steps: Rejection["cash_steps"]): { cents: number; opens: number }[] {
  let opens = 0;
  const rungs = [...steps]
    .sort(([a], [b]) => a! - b!)
    .map(([cents, cars]) => {
      opens += cars!;
      return { cents: cents!, opens };
    });
  if (rungs.length <= LADDER_RUNGS) return rungs;
  // As even as the steps allow: the first amount that opens a sixth of all, two sixths, ...
  const shares = Array.from({ length: LADDER_RUNGS }, (_, i) => ((i + 1) / LADDER_RUNGS) * opens);
  return [...new Set(shares.map((share) => rungs.find((rung) => rung.opens >= share)!))];
}

/** A change of the deal's terms that lets more cars match. */
export interface Opening {
  key: string;
  /** What changes: "+$800 down", "84 months". */
  text: string;
  cars: number;
  /** There may be more: the search did not look at every car. */
  atLeast: boolean;
  changes: StructureChanges;
}

const MOST_TERMS = 2;

/**
 * Returns what opens cars, over all limits together: the least cash that opens half of those that cash can open, and the
 * terms that open most. A car that is opened matches; its value may still be below the store's minimum.
 */
export function openings(rejected: readonly Rejection[], structure: Structure, formats: Formats): Opening[] {
  const atLeast = rejected.some((each) => each.at_least);
  const cash = summed(rejected.map((each) => each.cash_steps ?? [])).sort(([a], [b]) => a - b);
  const terms = summed(rejected.map((each) => each.term_opens ?? [])).sort(([a, x], [b, y]) => y - x || a - b);
  const curable = cash.reduce((sum, [, cars]) => sum + cars, 0);
  const found: Opening[] = [];
  let opened = 0;
  for (const [cents, cars] of cash) {
    opened += cars;
    if (2 * opened < curable) continue;
    const changes = remedy("cash", { kind: "cash", cash_cents: cents }, structure, formats)?.changes;
    if (changes)
      found.push({ key: "cash", text: `+${amountText(cents, formats)} down`, cars: opened, atLeast, changes });
    break;
  }
  for (const [term, cars] of terms.slice(0, MOST_TERMS)) {
    const changes = remedy("term", { kind: "term", term_months: term }, structure, formats)?.changes;
    if (changes) found.push({ key: `term-${term}`, text: `${formats.count(term)} months`, cars, atLeast, changes });
  }
  return found;
}

function summed(tables: number[][][]): [number, number][] {
  const sums = new Map<number, number>();
  for (const [step, cars] of tables.flat()) sums.set(step!, (sums.get(step!) ?? 0) + cars!);
  return [...sums];
}

const CREDIT = new Set(["score", "tier"]);

/** Returns what to try if no car fits, by the limit that excludes the most cars. */
export function adviceText(rejected: readonly Pick<Rejection, "limit" | "cars">[], filtered: boolean): string {
  const most = rejected.reduce<Pick<Rejection, "limit" | "cars"> | null>(
    (best, one) => (best && best.cars >= one.cars ? best : one),
    null,
  );
  if (most && CREDIT.has(most.limit)) return "No lender program accepts this customer's score and tier. Check both.";
  return `Raise the payment or the cash, offer longer terms${filtered ? ", or clear the filters." : ", or search the whole group."}`;
}

/** Returns why a car has no offer, and the cheapest fix. */
export function whyNot(row: Row, formats: Formats): string {
  if (row.value === "failed") return "Could not be valued";
  if (!row.binding) return "No offer with these terms";
  const cheapest = cheapestText(row.fix, formats);
  return `No structure: ${limitText(row.binding)}${cheapest === null ? "" : ` · ${cheapest}`}`;
}
