import type { QuotedProduct } from "../../../wire";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

/** The F&I products of the contract: the price of each and what it adds to the payment. */
export function ProductsEffect({ products }: { products: readonly QuotedProduct[] }) {
  const { formats } = useSurroundings();
  if (products.length === 0) return null;
  return (
    <section class="products-effect">
      <h3>F&I products</h3>
      <dl class="facts">
        {products.map((product) => (
          <Fact key={product.product_id} name={`${product.name}${product.optional ? " (optional)" : ""}`}>
            {formats.cents(product.price_cents)} · +{formats.cents(product.adds_cents)}/mo
          </Fact>
        ))}
      </dl>
    </section>
  );
}
