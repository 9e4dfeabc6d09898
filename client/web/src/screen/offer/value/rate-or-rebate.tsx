import { financed } from "../../../deal/pencil/pencil";
import type { DealSession } from "../../../deal/session";
import type { FrontierPoint, QuoteReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

/** The two offers of a car whose subvented rate excludes a rebate: the rate, or the rebate. */
export function RateOrRebate({ quote, session }: { quote: QuoteReply; session: DealSession }) {
  const { formats } = useSurroundings();
  const [rate, rebate] = quote.rate_or_rebate ?? [];
  if (!rate || !rebate) return null;
  const givenUp = formats.cents(rate.rebate_given_up_cents ?? 0);
  const names = rate.excluded_rebates ?? [];
  return (
    <section class="rate-or-rebate">
      <h3>Rate or rebate</h3>
      <ul>
        <Line point={rate} quote={quote} session={session}>
          Subvented rate, {givenUp} rebate given up{names.length > 0 ? ` (${formats.list(names)})` : ""}
        </Line>
        <Line point={rebate} quote={quote} session={session}>
          Rebate of {formats.cents(rebate.rebate_cents ?? 0)}, standard rate
        </Line>
      </ul>
    </section>
  );
}

interface LineProps {
  point: FrontierPoint;
  quote: QuoteReply;
  session: DealSession;
  children: preact.ComponentChildren;
}

function Line({ point, quote, session, children }: LineProps) {
  const { formats } = useSurroundings();
  const { payment_cents: payment, term_months: term, rate_bp: rate, programme_id: programme } = point;
  const structure = session.model.value?.deal.structure ?? {};
  const chosen = quote.rate_bp === rate && quote.payment_cents === payment && quote.term_months === term;
  return (
    <li aria-current={chosen ? "true" : undefined}>
      <b>
        {formats.cents(payment)} × {term}
      </b>{" "}
      at {formats.percent(rate)} <span class="quiet">{children}</span>{" "}
      {chosen && <span class="quiet">· this offer</span>}
      {!chosen && programme !== undefined && (
        <button
          type="button"
          class="link"
          onClick={() =>
            session.pencil.pick({ changes: financed(structure, { term_months: term }), programmeId: programme })
          }
        >
          Use
        </button>
      )}
    </li>
  );
}
