import type { QuotedCash } from "../../../wire";
import { Amounts, Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

/** The car as a cash deal: the price out the door and its parts. */
export function CashFacts({ cash, stale = false }: { cash: QuotedCash; stale?: boolean }) {
  const { formats } = useSurroundings();
  const lines: [string, number][] = [
    ["Price", cash.price_cents],
    ["Discount", -cash.discount_cents],
    ["Fees", cash.fees_cents],
    ["Tax", cash.tax_cents],
    ["Products", cash.products_cents],
    ["Rebates", -cash.rebate_cents],
    ["Trade allowance", -cash.trade_allowance_cents],
    ["Trade payoff", cash.payoff_cents],
  ];
  return (
    <section class={`cash-deal ${stale ? "stale" : ""}`} aria-label="Cash deal">
      <h3>Cash deal</h3>
      <dl class="facts">
        <Amounts lines={lines} />
        <Fact name="Out the door">
          <b>{formats.cents(cash.out_the_door_cents)}</b>
        </Fact>
      </dl>
      {cash.covered !== undefined && (
        <p class="hint">
          {cash.covered
            ? "The customer's maximum cash covers it: no lender is needed."
            : "The customer's maximum cash does not cover it."}
        </p>
      )}
    </section>
  );
}
