import { tradeName, tradesOf } from "../../../deal/terms/trades";
import type { QuoteReply } from "../../../wire";
import { Amounts, Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  quote: QuoteReply;
  structure: Record<string, unknown>;
  stale?: boolean;
}

/** The contract from the price to the last payment: what is financed, what it costs, and every due date. */
export function ContractFacts({ quote, structure, stale = false }: Props) {
  if (quote.payment_cents === undefined) return null;
  return (
    <section class={`contract ${stale ? "stale" : ""}`}>
      <h3>Contract</h3>
      <dl class="facts">
        <Build quote={quote} structure={structure} />
        <Cost quote={quote} />
      </dl>
    </section>
  );
}

/** From the price to the amount financed. */
function Build({ quote, structure }: Pick<Props, "quote" | "structure">) {
  const { formats } = useSurroundings();
  const stated = (field: string) => Number(structure[field] ?? 0);
  const lines: [string, number | undefined][] = [
    ["Price", quote.price_cents],
    ["Discount", minus(quote.discount_cents)],
    ["Fees", stated("fees_cents")],
    ["Products", stated("products_cents")],
    ["Rebates", minus(quote.rebate_cents)],
    ...tradeLines(quote, structure),
  ];
  const taxes = quote.taxes ?? [];
  return (
    <>
      <Amounts lines={lines} />
      {quote.tax_cents !== undefined && <Fact name="Tax">{formats.cents(quote.tax_cents)}</Fact>}
      {taxes.length > 1 &&
        taxes.map(({ jurisdiction, tax_cents: cents }) => (
          <div key={jurisdiction} class="part">
            <dt>{jurisdiction}</dt>
            <dd>{formats.cents(cents)}</dd>
          </div>
        ))}
      <Amounts lines={[["Cash", minus(quote.cash_down_cents)]]} />
    </>
  );
}

/** Allowance and payoff of each trade; of a trade without a record, its amounts. */
function tradeLines(quote: QuoteReply, structure: Record<string, unknown>): [string, number | undefined][] {
  const trades = tradesOf(structure);
  if (!quote.trades) {
    return [
      ["Trade allowance", minus(Number(structure.trade_allowance_cents ?? 0))],
      ["Trade payoff", quote.payoff_cents],
    ];
  }
  const several = quote.trades.length > 1;
  return quote.trades.flatMap(({ id, allowance_cents: allowance, payoff_cents: payoff }, place) => {
    const name = several ? ` ${place + 1}: ${tradeName(trades.find((trade) => trade.id === id))}` : "";
    return [
      [`Trade allowance${name}`, minus(allowance)],
      [`Trade payoff${name}`, payoff],
    ] satisfies [string, number | undefined][];
  });
}

function minus(cents: number | undefined): number | undefined {
  return cents === undefined ? undefined : -cents;
}

/** What the credit costs, in the terms of Regulation Z. */
function Cost({ quote }: Pick<Props, "quote">) {
  const { formats } = useSurroundings();
  const { principal_cents: principal, amount_financed_cents: financed, total_of_payments_cents: total } = quote;
  const { total_sale_price_cents: sale } = quote;
  const money = (cents: number | undefined) => (cents === undefined ? "–" : formats.cents(cents));
  return (
    <>
      {principal !== financed && <Fact name="Principal">{money(principal)}</Fact>}
      <Fact name="Amount financed" strong>
        {money(financed)}
      </Fact>
      <Fact name="Finance charge">{money(quote.finance_charge_cents)}</Fact>
      <Fact name="Total of payments">{money(total)}</Fact>
      {sale !== undefined && <Fact name="Total sale price">{money(sale)}</Fact>}
      {quote.apr_percent !== undefined && <Fact name="APR">{formats.percent(quote.apr_percent * 100)}</Fact>}
      <Fact name="Contract date">{formats.day(quote.contract_date)}</Fact>
      <Fact name="First payment due">{formats.day(quote.first_payment_date)}</Fact>
      {quote.last_payment_cents !== quote.payment_cents && (
        <Fact name="Last payment">{money(quote.last_payment_cents)}</Fact>
      )}
    </>
  );
}

/** Every payment with its due date, folded. */
export function Schedule({ quote }: Pick<Props, "quote">) {
  const { formats } = useSurroundings();
  const { schedule } = quote;
  if (!schedule || schedule.length === 0) return null;
  const last = schedule.at(-1)!;
  return (
    <details class="schedule">
      <summary class="link">
        All {formats.count(schedule.length)} payments until {formats.day(last.date)}
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it by its own focus */}
      <section class="schedule-frame" aria-label="Payments" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">Due</th>
              <th scope="col">Payment</th>
              <th scope="col">Interest</th>
              <th scope="col">Principal</th>
              <th scope="col">Balance</th>
            </tr>
          </thead>
          <tbody>
            {schedule.map((row) => (
              <tr key={row.number}>
                <td>{row.number}</td>
                <td>{formats.day(row.date)}</td>
                <td>{formats.cents(row.payment_cents)}</td>
                <td>{formats.cents(row.interest_cents)}</td>
                <td>{formats.cents(row.principal_cents)}</td>
                <td>{formats.cents(row.balance_cents)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
