import { figuresOf } from "../../deal/model/figures";
import type { DealSession } from "../../deal/session";
import { scoreText } from "../../deal/stock/columns";
import type { Formats } from "../../text/format";
import { briefLender } from "../../text/readable";
import type { DealOffer } from "../../wire";
import { useSurroundings } from "../parts/surroundings";

interface Props {
  offer: DealOffer | null;
  outdated: boolean;
  session: DealSession;
}

/** The deal's car with its figures, the payment large: a press shows the car. */
export function DealOfferLine({ offer, outdated, session }: Props) {
  const { formats } = useSurroundings();
  if (!offer) {
    return <p class="no-offer quiet">No car on the deal yet. Choose one below and put it on the deal.</p>;
  }
  const { car } = offer;
  const { kind, cash_down_cents: cash, rate_bp: rate } = figuresOf(offer);
  return (
    <button
      type="button"
      class="selected-offer"
      title="Show this car"
      onClick={() => session.grid.select(offer.vehicle_id)}
    >
      <span class="deal-car">
        <b>
          {car.year}{" "}
          <bdi>
            {car.make} {car.model}
          </bdi>
        </b>
        <span class="quiet">{car.stock_no}</span>
      </span>
      <Pay offer={offer} formats={formats} />
      <span class="deal-terms">
        <span>
          {kind === "cash" ? "paid in cash" : `${formats.dollars(cash)} down`}
          {rate !== null && ` · ${formats.percent(rate)}`}
        </span>
        <span class="quiet">{offer.lender && <bdi>{briefLender(offer.lender)}</bdi>}</span>
      </span>
      <span class="deal-value">
        <Value offer={offer} formats={formats} />
        <span class="outdated-slot">
          {outdated && (
            <span class="chip state-submitted" title="The terms changed after this price.">
              Outdated
              <span class="visually-hidden">: submitting reprices the offer</span>
            </span>
          )}
        </span>
      </span>
    </button>
  );
}

/** "$412.34 × 72", "$312.10 × 36 lease", or "$27,085.25 cash", the amount large. */
function Pay({ offer, formats }: { offer: DealOffer; formats: Formats }) {
  const { kind, payment_cents: payment, term_months: term, total_cents: total } = figuresOf(offer);
  const inCash = payment === null || term === null;
  return (
    <span class="pay">
      <strong key={inCash ? total : payment}>{formats.cents(inCash ? total : payment)}</strong>
      {inCash ? " cash" : ` × ${term}${kind === "lease" ? " lease" : ""}`}
    </span>
  );
}

function Value({ offer, formats }: { offer: DealOffer; formats: Formats }) {
  const { npv_cents: npv, incomplete, score } = offer;
  if (incomplete !== undefined) return <span class="quiet">NPV incomplete: cost unknown</span>;
  if (npv !== undefined) return <span class={npv < 0 ? "negative" : "quiet"}>NPV {formats.dollars(npv)}</span>;
  if (score !== undefined) return <span class="quiet">Score {scoreText(score)}</span>;
  return null;
}
