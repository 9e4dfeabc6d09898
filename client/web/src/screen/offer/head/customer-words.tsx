import { tradesOf } from "../../../deal/terms/trades";
import type { DealKind, QuoteReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  quote: QuoteReply;
  way: DealKind;
  structure: Record<string, unknown>;
}

/** What a customer is told beside a payment on the screen, as on paper: `protocol/disclosures.py`. */
export function CustomerWords({ quote, way, structure }: Props) {
  const { formats } = useSurroundings();
  const cash = way === "lease" ? quote.lease?.best?.cash_down_cents : quote.cash_down_cents;
  const traded = tradesOf(structure).length > 0 || Number(structure.trade_allowance_cents ?? 0) > 0;
  const trade = traded ? "the trade-in of this deal" : "no trade-in";
  const priced = way === "lease" ? quote.lease?.best !== undefined : quote.payment_cents !== undefined;
  if (way === "cash" ? !quote.cash : !priced) return null;
  return (
    <p class="hint">
      {way === "cash"
        ? `Estimate of a cash price. No credit is part of it. This price assumes ${trade}. `
        : `Estimate, subject to credit approval. This payment assumes ${formats.cents(cash ?? 0)} cash down and ${trade}. `}
      {Number(structure.products_cents ?? 0) > 0 &&
        "Products are optional. They are not required for the credit or for the car."}
    </p>
  );
}
