import { scoreText } from "../../../deal/stock/columns";
import type { Row } from "../../../deal/stock/rows";
import type { Formats } from "../../../text/format";
import { briefLender } from "../../../text/readable";
import type { DealKind, QuoteReply, QuoteValue } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  row: Row;
  quote: QuoteReply | null;
  way: DealKind | null;
}

type Named = [name: string, text: string | null, tone?: string];

/** Beside the payment: rate, lender, cash and value. Four slots, which stay where they are while the quote is asked. */
export function HeadFacts({ row, quote, way }: Props) {
  const { formats } = useSurroundings();
  const facts = quote ? factsOf(quote, way, formats) : awaited(row, formats);
  return (
    <dl class="offer-facts">
      {facts.map(([name, text, tone], place) => (
        // Each place stays, whatever it shows.
        <div key={place}>
          <dt>{name}</dt>
          <dd class={tone} title={text ?? undefined}>
            {text === null ? <span class="skeleton" /> : <bdi>{text}</bdi>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(quote: QuoteReply, way: DealKind | null, formats: Formats): Named[] {
  const money = (cents: number | undefined) => (cents === undefined ? "–" : formats.cents(cents));
  if (way === "cash" && quote.cash) {
    const { price_cents: price, discount_cents: discount, tax_cents: tax, fees_cents: fees, value } = quote.cash;
    return [
      ["Tax", money(tax)],
      ["Fees", money(fees)],
      ["Selling price", money(price - discount)],
      ...worth(value, formats),
    ];
  }
  const lease = quote.lease?.best;
  if (way === "lease" && lease) {
    const { due_at_signing_cents: due, effective_monthly_cents: monthly, lender, value } = lease;
    return [
      ["Monthly cost", money(monthly)],
      ["Due at signing", money(due)],
      ["Lender", lender ? briefLender(lender) : "–"],
      ...worth(value, formats),
    ];
  }
  if (way === "lease" || quote.payment_cents === undefined) return [];
  const rate = quote.rate_bp === undefined ? "–" : formats.percent(quote.rate_bp);
  return [
    ["Rate", rate],
    ["Cash down", money(quote.cash_down_cents)],
    ["Lender", quote.lender ? briefLender(quote.lender) : "–"],
    ...worth(quote.value, formats),
  ];
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
function awaited(row: Row, formats: Formats): Named[] {
  const rate = row.rate_bp === null ? null : formats.percent(row.rate_bp);
  const cash = row.cash_down_cents === null ? null : formats.cents(row.cash_down_cents);
  const value: Named = row.score === null ? ["NPV", null] : ["Score", scoreText(row.score)];
  return [["Rate", rate], ["Cash down", cash], ["Lender", row.lender && briefLender(row.lender)], value];
}
