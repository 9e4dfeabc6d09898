import { figuresOf } from "../../deal/model/figures";
import { priced } from "../../deal/pencil/ways";
import { limitText } from "../../deal/terms/limits";
import { payText, signed } from "../../text/format";
import type { DealOffer, QuoteReply } from "../../wire";
import { useSaid } from "../parts/announced";
import { useSurroundings } from "../parts/surroundings";

interface Props {
  offer: DealOffer;
  quote: QuoteReply | null;
  asking: boolean;
  /** Why it could not be priced; null: it could, or is not yet. */
  refusal: string | null;
}

/** What the customer pays and the NPV of the submitted offer next to those of the counter. */
export function CounterDeltas({ offer, quote, asking, refusal }: Props) {
  const { formats } = useSurroundings();
  const agreed = figuresOf(offer);
  const { kind } = agreed;
  const found = quote && priced(quote, kind);
  const refused = quote !== null && !quote.eligible;
  const binding = kind === "finance" ? null : quote?.binding;
  const none = refusal ?? (refused ? refusedText(binding) : "Correct the amounts to see the payment.");
  const paid = found ? found.paidCents - (agreed.payment_cents ?? agreed.total_cents) : 0;
  const before = offer.npv_cents;
  const npv = found?.npvCents !== undefined && before !== undefined ? found.npvCents - before : null;
  const worth = npv === null ? "" : `, NPV ${signed(npv, formats.dollars)}`;
  const paidText = found && payText(found.paidCents, found.termMonths, kind === "lease", formats);
  const told = found ? paidText + worth : none;
  useSaid(asking ? "" : `Your counter: ${told}`, "counter");
  if (!found) return <p class="hint counter-none">{asking ? "Pricing…" : none}</p>;
  return (
    <dl class="facts counter-terms" aria-busy={asking}>
      <div>
        <dt>Your counter</dt>
        <dd>
          <b>{paidText}</b>
        </dd>
      </div>
      <div>
        <dt>Change in {kind === "cash" ? "the price out the door" : "payment"}</dt>
        <dd>{signed(paid, formats.cents)}</dd>
      </div>
      {npv !== null && (
        <div>
          <dt>Change in NPV</dt>
          <dd class={npv < 0 ? "negative" : ""}>{signed(npv, formats.dollars)}</dd>
        </div>
      )}
    </dl>
  );
}

/** Why a counter cannot be: the limit of a lease or a cash deal; of a loan, many limits of many lenders. */
function refusedText(binding: string | null | undefined): string {
  return binding ? `This counter cannot be: ${limitText(binding)}.` : "No lender program accepts this counter.";
}
