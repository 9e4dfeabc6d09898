import { figuresOf } from "../../deal/model/figures";
import { priced } from "../../deal/pencil/ways";
import type { Formats } from "../../text/format";
import type { DealOffer, QuoteReply } from "../../wire";
import { useSurroundings } from "../parts/surroundings";

const REFUSED = {
  finance: "No lender program accepts this counter.",
  lease: "No lease program accepts this counter.",
  cash: "The customer's maximum cash does not pay this.",
} as const;

interface Props {
  offer: DealOffer;
  quote: QuoteReply | null;
  asking: boolean;
}

/** What the customer pays and the NPV of the submitted offer next to those of the counter. */
export function CounterDeltas({ offer, quote, asking }: Props) {
  const { formats } = useSurroundings();
  const agreed = figuresOf(offer);
  const { kind } = agreed;
  const found = quote && priced(quote, kind);
  if (!found) {
    const refused = quote !== null && !quote.eligible;
    return (
      <p class="hint" role="status">
        {asking ? "Pricing…" : refused ? REFUSED[kind] : "Check the amounts."}
      </p>
    );
  }
  const paid = found.paidCents - (agreed.payment_cents ?? agreed.total_cents);
  const before = offer.npv_cents;
  const npv = found.npvCents !== undefined && before !== undefined ? found.npvCents - before : null;
  return (
    <dl class="facts counter-terms" aria-busy={asking}>
      <div>
        <dt>Your counter</dt>
        <dd>
          <b>{counterText(found.paidCents, found.termMonths, formats)}</b>
        </dd>
      </div>
      <div>
        <dt>{kind === "cash" ? "Out the door" : "Payment"}</dt>
        <dd>{signed(paid, formats.cents)}</dd>
      </div>
      {npv !== null && (
        <div>
          <dt>NPV</dt>
          <dd class={npv < 0 ? "negative" : ""}>{signed(npv, formats.dollars)}</dd>
        </div>
      )}
    </dl>
  );
}

function counterText(cents: number, term: number | null, formats: Formats): string {
  return term === null ? `${formats.cents(cents)} cash` : `${formats.cents(cents)} × ${term}`;
}

function signed(cents: number, format: (cents: number) => string): string {
  return cents > 0 ? `+${format(cents)}` : format(cents);
}
