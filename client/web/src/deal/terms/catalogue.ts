// The store's catalogue of F&I products: asked for when the deal is shown.
import { signal } from "@preact/signals";
import type { ProductsReply, Reply } from "../../wire";
import { learnNames } from "./products";

export class ProductCatalogue {
  /** Null until it is known. */
  readonly known = signal<ProductsReply | null>(null);

  constructor(
    private readonly send: (request: { type: "products"; channel: string }, replied: (reply: Reply) => void) => unknown,
    private readonly channel: string,
  ) {}

  /** Asks for the catalogue in force; an answer that does not come leaves the old one. */
  ask(): void {
    this.send({ type: "products", channel: this.channel }, (reply) => {
      if (!reply.ok) return;
      const found = reply.data as unknown as ProductsReply;
      learnNames(found.products);
      this.known.value = found;
    });
  }

  /** Forgets it, as for another view. */
  clear(): void {
    this.known.value = null;
  }
}
