// F&I products of a deal as lines. Lines are one field of the structure, edited whole. Pure.
import type { CatalogueProduct, MenuPackage, ProductLine, StructureChanges } from "../../wire";

type Values = Readonly<Record<string, unknown>>;
type Named = Readonly<Record<string, string>>;

/** The fields of a structure that follow from its lines while it has any. */
const SUMS: ReadonlySet<string> = new Set(["products_cents", "taxable_products_cents", "products_cost_cents"]);
const MAX_LINES = 12;

export function linesOf(value: unknown): readonly ProductLine[] {
  return (value as ProductLine[] | null | undefined) ?? [];
}

export function declinedOf(value: unknown): readonly string[] {
  return (value as string[] | null | undefined) ?? [];
}

/** Returns the price of all lines. */
export function totalCents(lines: readonly ProductLine[]): number {
  return lines.reduce((sum, line) => sum + line.price_cents, 0);
}

export function hasRoom(lines: readonly ProductLine[]): boolean {
  return lines.length < MAX_LINES;
}

/** Returns the edits that take a product at its retail price. */
export function taking(product: CatalogueProduct, structure: Values): StructureChanges {
  const { product_id, retail_cents: price_cents } = product;
  const changes: StructureChanges = {
    products: [...linesOf(structure.products), { product_id, price_cents, term_months: null }],
  };
  const declined = declinedOf(structure.declined_products);
  return declined.includes(product_id)
    ? { ...changes, declined_products: declined.filter((id) => id !== product_id) }
    : changes;
}

/** Returns the edits that take a product out of the deal; `declined`, because the customer does not want it. */
export function leaving(productId: string, structure: Values, declined: boolean): StructureChanges {
  const lines = linesOf(structure.products);
  const kept = lines.filter((line) => line.product_id !== productId);
  const changes: StructureChanges = kept.length < lines.length ? { products: kept } : {};
  const others = declinedOf(structure.declined_products).filter((id) => id !== productId);
  return declined ? { ...changes, declined_products: [...others, productId] } : changes;
}

/** Returns the edits after which a declined product is one that was not offered. */
export function undeclining(productId: string, structure: Values): StructureChanges {
  return { declined_products: declinedOf(structure.declined_products).filter((id) => id !== productId) };
}

/** Returns the lines with one of them changed. */
export function withLine(lines: readonly ProductLine[], changed: ProductLine): ProductLine[] {
  return lines.map((line) => (line.product_id === changed.product_id ? changed : line));
}

/** Returns the edits that choose a package; null chooses none. Products of other packages are declined with it. */
export function choosing(
  chosen: MenuPackage | null,
  packages: readonly MenuPackage[],
  structure: Values,
): StructureChanges {
  const lines = (chosen?.lines ?? []).map(({ product_id, price_cents, term_months }) => ({
    product_id,
    price_cents,
    term_months,
  }));
  const taken = new Set(lines.map((line) => line.product_id));
  const shown = packages.flatMap((each) => each.lines.map((line) => line.product_id));
  const left = linesOf(structure.products).map((line) => line.product_id);
  const declined = new Set([...declinedOf(structure.declined_products), ...shown, ...left]);
  return { products: lines, declined_products: [...declined].filter((id) => !taken.has(id)) };
}

/** Whether a changed field follows from lines that changed with it. */
export function followsLines(field: string, changes: Values): boolean {
  return "products" in changes && SUMS.has(field);
}

/** Returns lines or declined products in words; null for something else. */
export function productsText(field: string, value: unknown, cents: (amount: number) => string): string | null {
  if (field === "declined_products") return declinedOf(value).map(nameOf).join(", ") || "none";
  if (field !== "products") return null;
  return (
    linesOf(value)
      .map((line) => `${nameOf(line.product_id)} ${cents(line.price_cents)}`)
      .join(", ") || "none"
  );
}

let names: Named = {};

/** Remembers the names of the catalogue, so that a story of the deal can say them. */
export function learnNames(products: readonly CatalogueProduct[]): void {
  names = { ...names, ...Object.fromEntries(products.map((each) => [each.product_id, each.name])) };
}

/** Returns the name of a product, or its id while the catalogue is not known. */
export function nameOf(productId: string): string {
  return names[productId] ?? productId;
}
