import assert from "node:assert/strict";
import { test } from "node:test";
import {
  choosing,
  declinedOf,
  followsLines,
  hasRoom,
  learnNames,
  leaving,
  linesOf,
  nameOf,
  productsText,
  taking,
  totalCents,
  undeclining,
  withLine,
} from "../../../src/deal/terms/products";
import type { CatalogueProduct, MenuPackage, ProductLine } from "../../../src/wire";

const line = (product_id: string, price_cents: number, term_months: number | null = null): ProductLine => ({
  product_id,
  price_cents,
  term_months,
});
const GAP = line("gap", 89_500);
const CONTRACT = line("vsc", 239_500, 72);
const SHOWN = { product_id: "key", name: "Key replacement", retail_cents: 39_500 } as CatalogueProduct;
const menu = (name: string, ...lines: ProductLine[]): MenuPackage => ({ name, lines }) as unknown as MenuPackage;
const cents = (amount: number): string => `$${amount / 100}`;

test("a deal without lines has none, and its sum is 0", () => {
  for (const nothing of [undefined, null, []]) {
    assert.deepEqual(linesOf(nothing), []);
    assert.deepEqual(declinedOf(nothing), []);
  }
  assert.equal(totalCents([]), 0);
  assert.equal(totalCents([GAP, CONTRACT]), 329_000);
});

test("a product is taken at its retail price, behind the others, and is not declined any longer", () => {
  assert.deepEqual(taking(SHOWN, { products: [GAP] }), { products: [GAP, line("key", 39_500)] });
  assert.deepEqual(taking(SHOWN, { declined_products: ["vsc", "key"] }), {
    products: [line("key", 39_500)],
    declined_products: ["vsc"],
  });
});

test("a product leaves the deal, declined or not", () => {
  const structure = { products: [GAP, CONTRACT], declined_products: ["key"] };
  assert.deepEqual(leaving("gap", structure, false), { products: [CONTRACT] });
  assert.deepEqual(leaving("gap", structure, true), { products: [CONTRACT], declined_products: ["key", "gap"] });
  assert.deepEqual(leaving("theft", structure, true), { declined_products: ["key", "theft"] }, "it was no line");
  assert.deepEqual(leaving("key", structure, true), { declined_products: ["key"] }, "declined once");
  assert.deepEqual(leaving("theft", structure, false), {}, "nothing to edit");
});

test("a declined product can be one that was not offered", () => {
  assert.deepEqual(undeclining("key", { declined_products: ["gap", "key"] }), { declined_products: ["gap"] });
});

test("one line changes and the others stay as they are", () => {
  const cheaper = { ...GAP, price_cents: 1 };
  assert.deepEqual(withLine([GAP, CONTRACT], cheaper), [cheaper, CONTRACT]);
  assert.deepEqual(withLine([CONTRACT], GAP), [CONTRACT], "a line that is gone does not come back");
});

test("a deal has room for twelve lines", () => {
  const lines = Array.from({ length: 11 }, (_, place) => line(`p${place}`, 1));
  assert.equal(hasRoom(lines), true);
  assert.equal(hasRoom([...lines, GAP]), false);
});

test("a package sets its lines and declines what else the menu showed or the deal had", () => {
  const packages = [menu("Good", GAP), menu("Better", GAP, CONTRACT), menu("Best", GAP, CONTRACT, line("key", 1))];
  const structure = { products: [line("theft", 5)], declined_products: ["gap", "wax"] };
  const [good, better] = packages as [MenuPackage, MenuPackage, MenuPackage];
  assert.deepEqual(choosing(better, packages, structure), {
    products: [GAP, CONTRACT],
    declined_products: ["wax", "key", "theft"],
  });
  assert.deepEqual(choosing(good, packages, {}), { products: [GAP], declined_products: ["vsc", "key"] });
  assert.deepEqual(choosing(null, packages, structure), {
    products: [],
    declined_products: ["gap", "wax", "vsc", "key", "theft"],
  });
});

test("a line of a package goes out without what it costs or adds", () => {
  const priced = { ...GAP, adds_cents: 17, cost_cents: 31_007 } as ProductLine;
  assert.deepEqual(choosing(menu("Good", priced), [], {}).products, [GAP]);
});

test("sums follow lines only where lines changed with them", () => {
  assert.equal(followsLines("products_cents", { products: [], products_cents: 0 }), true);
  assert.equal(followsLines("products_cost_cents", { products: [] }), true);
  assert.equal(followsLines("products_cents", { products_cents: 5 }), false);
  assert.equal(followsLines("cash_down_cents", { products: [], cash_down_cents: 5 }), false);
});

test("lines are said by name and price, by id while the catalogue is unknown", () => {
  assert.equal(productsText("products", [GAP, CONTRACT], cents), "gap $895, vsc $2395");
  learnNames([{ ...SHOWN, product_id: "gap", name: "GAP waiver" }]);
  assert.equal(nameOf("gap"), "GAP waiver");
  assert.equal(productsText("products", [GAP], cents), "GAP waiver $895");
  assert.equal(productsText("products", [], cents), "none");
  assert.equal(productsText("declined_products", ["gap", "vsc"], cents), "GAP waiver, vsc");
  assert.equal(productsText("declined_products", null, cents), "none");
  assert.equal(productsText("cash_down_cents", 5, cents), null);
});
