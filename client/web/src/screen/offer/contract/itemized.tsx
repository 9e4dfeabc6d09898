import type { Itemization, QuoteReply } from "../../../wire";
import { Amounts, Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

const NAMES: [keyof Itemization, string][] = [
  ["cash_price_cents", "Cash price"],
  ["tax_cents", "Tax"],
  ["fees_cents", "Fees"],
  ["products_cents", "F&I products"],
  ["prior_loan_cents", "Paid to prior lienholder"],
  ["rebate_cents", "Rebates"],
  ["trade_equity_cents", "Trade equity"],
  ["cash_down_cents", "Cash down"],
  ["prepaid_finance_cents", "Prepaid finance charge"],
];

/** The amount financed, item by item, as the contract states it: signed amounts that sum to it. */
export function Itemized({ quote }: { quote: QuoteReply }) {
  const { formats } = useSurroundings();
  const { itemization: items, amount_financed_cents: financed } = quote;
  if (!items || financed === undefined) return null;
  return (
    <details class="itemized">
      <summary class="link">Itemization of the amount financed</summary>
      <dl class="facts">
        <Amounts lines={NAMES.map(([name, label]) => [label, items[name]])} />
        <Fact name="Amount financed" strong>
          {formats.cents(financed)}
        </Fact>
      </dl>
    </details>
  );
}
