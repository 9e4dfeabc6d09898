import { scoreText } from "../../../deal/stock/columns";
import type { Row } from "../../../deal/stock/rows";
import type { Formats } from "../../../text/format";
import type { DealKind, QuoteReply, QuoteValue } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  row: Row;
  quote: QuoteReply | null;
  way: DealKind | null;
  customer: boolean;
}

type Named = [name: string, text: string | null, tone?: string];

/** Beside the payment: rate, lender, cash and value. Four slots, which stay where they are while the quote is asked. */
export function HeadFacts({ row, quote, way, customer }: Props) {
  const { formats } = useSurroundings();
  const facts = quote ? factsOf(quote, way, customer, formats) : awaited(row, customer, formats);
  return (
    <dl class="offer-facts">
      {facts.map(([name, text, tone]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={tone} title={text ?? undefined}>
            {text === null ? <span class="skeleton" /> : <bdi>{text}</bdi>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(quote: QuoteReply, way: DealKind | null, customer: boolean, formats: Formats): Named[] {
  const money = (cents: number | undefined) => (cents === undefined ? "–" : formats.cents(cents));
  if (way === "cash" && quote.cash) {
    const { price_cents: price, discount_cents: discount, tax_cents: tax, fees_cents: fees, value } = quote.cash;
    return [
      ["Selling price", money(price - discount)],
      ["Tax", money(tax)],
      ["Fees", money(fees)],
      ...worth(value, formats),
    ];
  }
  const lease = quote.lease?.best;
  if (way === "lease" && lease) {
    const { due_at_signing_cents: due, effective_monthly_cents: monthly, lender, value } = lease;
    return [
      ["Due at signing", money(due)],
      ...named(customer, "Lender", lender),
      ["Monthly cost", money(monthly)],
      ...worth(value, formats),
    ];
  }
  if (way === "lease" || quote.payment_cents === undefined) return [];
  const own: Named[] = customer
    ? [
        ["First payment", formats.day(quote.first_payment_date)],
        ["Total of payments", money(quote.total_of_payments_cents)],
      ]
    : [...named(false, "Lender", quote.lender), ...worth(quote.value, formats)];
  const rate = quote.rate_bp === undefined ? "–" : formats.percent(quote.rate_bp);
  return [["Rate", rate], ["Cash down", money(quote.cash_down_cents)], ...own];
}

function named(customer: boolean, name: string, text: string | undefined): Named[] {
  return customer ? [] : [[name, text ?? "–"]];
}

/** The value of the deal to the group: as an amount, or on the scale that the store shows instead. */
function worth(value: QuoteValue | undefined, formats: Formats): Named[] {
  if (value?.score !== undefined) return [["Score", scoreText(value.score)]];
  if (value?.npv_cents === undefined) return [];
  const { npv_cents: npv } = value;
  // Without its parts a value is rounded to ten dollars: cents would claim more precision than it has.
  return [["NPV", (value.parts ? formats.cents : formats.dollars)(npv), npv < 0 ? "negative" : "gain"]];
}

/** What the search knows already, while the quote is on its way. */
function awaited(row: Row, customer: boolean, formats: Formats): Named[] {
  const rate = row.rate_bp === null ? null : formats.percent(row.rate_bp);
  const cash = row.cash_down_cents === null ? null : formats.cents(row.cash_down_cents);
  const own: Named[] = customer
    ? [
        ["First payment", null],
        ["Total of payments", null],
      ]
    : [["Lender", row.lender], row.score === null ? ["NPV", null] : ["Score", scoreText(row.score)]];
  return [["Rate", rate], ["Cash down", cash], ...own];
}
