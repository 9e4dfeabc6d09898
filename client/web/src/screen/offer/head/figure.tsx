import type { PencilPicture } from "../../../deal/pencil/pencil";
import { whyNotText } from "../../../deal/pencil/why-not";
import type { Row } from "../../../deal/stock/rows";
import type { Formats } from "../../../text/format";
import type { DealKind, QuoteReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  row: Row;
  picture: PencilPicture;
  way: DealKind | null;
  refused: boolean;
}

/** What the figure is, or what stands in its place. */
interface Shown {
  amount: string | null;
  times: string | null;
  /** What the amount is, beside it. */
  what: preact.ComponentChildren;
  /** Whether the quote is still on its way. */
  waits?: boolean;
}

/** The figure that the panel is about: a payment and its term, a price out the door, or why there is neither. */
export function Figure({ row, picture: { quote }, way, refused }: Props) {
  const { formats } = useSurroundings();
  const shown = quote ? quoted(quote, way, formats) : offered(row, formats);
  const why = refused ? whyNotText(quote ?? row, formats) : null;
  if (shown.amount === null) return <p class="big none">{why ?? shown.what}</p>;
  return (
    <p class="big">
      <output class="figure" aria-live="off">
        <span key={shown.amount} class="changed">
          {shown.amount}
        </span>
      </output>
      {/* Another figure has another width: what stands beside it is drawn anew, and moves nowhere. */}
      <span key={`${shown.amount} ${why} ${shown.waits}`} class="beside">
        {shown.times !== null && <span class="times">{shown.times}</span>}
        <span class={why === null ? "quiet" : "refused"}>
          {why ?? shown.what}
          {shown.waits && <span class="skeleton" role="img" aria-label="quoting" />}
        </span>
      </span>
    </p>
  );
}

function quoted(quote: QuoteReply, way: DealKind | null, formats: Formats): Shown {
  const lease = quote.lease?.best;
  if (way === "cash" && quote.cash)
    return {
      amount: formats.cents(quote.cash.out_the_door_cents),
      times: null,
      what: "out the door: a cash deal",
    };
  if (way === "lease" && lease)
    return {
      amount: formats.cents(lease.payment_with_tax_cents),
      times: `× ${lease.term_months}`,
      what: `with tax, leased, ${formats.count(lease.miles_per_year)} miles a year`,
    };
  if (way === "lease") return { amount: null, times: null, what: "No lease with these terms" };
  if (quote.payment_cents === undefined) return { amount: null, times: null, what: "No offer with these terms" };
  const apr = quote.apr_percent;
  return {
    amount: formats.cents(quote.payment_cents),
    times: `× ${quote.term_months}`,
    what: apr === undefined ? "a month" : <>a month at {formats.percent(Math.round(apr * 100))} APR</>,
  };
}

/** What the search found, while the quote is on its way. */
function offered(row: Row, formats: Formats): Shown {
  if (row.out_the_door_cents !== null)
    return { amount: formats.cents(row.out_the_door_cents), times: null, what: "out the door ", waits: true };
  if (row.value === "offer" && row.payment_cents !== null)
    return {
      amount: formats.cents(row.payment_cents),
      times: `× ${row.term_months}`,
      what: "a month ",
      waits: true,
    };
  if (row.value === "failed") return { amount: null, times: null, what: "Could not be valued" };
  if (row.value === "none") return { amount: null, times: null, what: "No offer with these terms" };
  const { payment_min_cents: least, payment_max_cents: most } = row;
  const range =
    least === null || most === null ? "" : `: ${formats.dollars(least)} to ${formats.dollars(most)} a month`;
  return { amount: null, times: null, what: `Being valued${range}` };
}
