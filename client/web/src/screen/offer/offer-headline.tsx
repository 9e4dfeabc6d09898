import { isEditable } from "../../deal/desk/steps";
import { dealChanges, type PencilPicture, remedied } from "../../deal/pencil/pencil";
import { wayOf } from "../../deal/pencil/ways";
import type { DealSession } from "../../deal/session";
import { scoreText } from "../../deal/stock/columns";
import { type Remedy, remediesOf } from "../../deal/stock/fixes";
import type { Row } from "../../deal/stock/rows";
import { rankText, type StressRank } from "../../deal/stock/turnover";
import { limitText } from "../../deal/terms/fields";
import type { Formats } from "../../text/format";
import type { DealKind, Fix, QuotedCash, QuotedLease, QuoteReply, QuoteValue } from "../../wire";
import { Fact, sentence } from "../parts/facts";
import { useSurroundings } from "../parts/surroundings";
import { LenderRules } from "./lender-rules";
import { RateOrRebate } from "./rate-or-rebate";

interface Props {
  row: Row;
  session: DealSession;
  picture: PencilPicture;
  /** The way to pay that is shown; null before the quote is there. */
  way: DealKind | null;
}

/** The payment with its APR, or why there is none and what would fix that. */
export function OfferHeadline({ row, session, picture, way }: Props) {
  const { formats } = useSurroundings();
  const { quote, asking, failure } = picture;
  const stale = asking || session.grid.picture.value.stale;
  return (
    <section class={`headline ${stale && quote ? "stale" : ""}`} aria-busy={asking}>
      {failure && (
        <p class="trouble" role="alert">
          {failure.message}{" "}
          {failure.retry && (
            <button type="button" class="link" onClick={() => session.pencil.retry()}>
              Try again
            </button>
          )}
        </p>
      )}
      {way === "cash" && quote?.cash ? (
        <InCash cash={quote.cash} formats={formats} />
      ) : way === "lease" && quote?.lease?.best ? (
        <Leased lease={quote.lease.best} formats={formats} />
      ) : way === "lease" && quote ? (
        <p class="big none">No lease with these terms</p>
      ) : quote?.payment_cents !== undefined ? (
        <Quoted quote={quote} rank={picture.pick ? null : session.grid.rank(row.vehicle_id)} formats={formats} />
      ) : (
        <Offered row={row} quoted={quote !== null} formats={formats} />
      )}
      {quote && !quote.eligible && way === wayOf(quote) && (
        <WhyNot binding={quote.binding} fix={quote.fix} session={session} />
      )}
      {!quote && row.value === "none" && <WhyNot binding={row.binding} fix={row.fix} session={session} />}
      {way === "finance" && quote?.eligible && session.view.value !== "customer" && quote.binding && (
        <p class="hint">Cash down was raised to meet a limit: {limitText(quote.binding)}.</p>
      )}
      {quote && way === "finance" && <RateOrRebate quote={quote} session={session} />}
      {way === "finance" && quote?.lender_rules && <LenderRules rules={quote.lender_rules} />}
      {quote?.warnings.map((warning) => (
        <p key={warning.code} class="hint warn">
          {warning.message}
        </p>
      ))}
      <PickBar session={session} picture={picture} />
    </section>
  );
}

interface QuotedProps {
  quote: QuoteReply;
  rank: StressRank | null;
  formats: Formats;
}

function Quoted({ quote, rank, formats }: QuotedProps) {
  const { payment_cents: payment, term_months: term, apr_percent: apr, value } = quote;
  return (
    <>
      <p class="big">
        <output>{formats.cents(payment ?? 0)}</output>
        <span class="quiet">
          a month for {term} months
          {apr !== undefined && (
            <>
              {" "}
              at <b>{formats.percent(Math.round(apr * 100))} APR</b>
            </>
          )}
        </span>
      </p>
      <dl class="facts">
        <Worth value={value} formats={formats} />
        {value?.npv_cents !== undefined && rank && (
          <Fact name="NPV rank">
            <span class={rank.turns ? `turn-${rank.turns}` : ""}>{rankText(rank, formats)}</span>
          </Fact>
        )}
        {quote.cash_down_cents !== undefined && <Fact name="Cash down">{formats.cents(quote.cash_down_cents)}</Fact>}
        {quote.discount_cents ? <Fact name="Discount">{formats.cents(quote.discount_cents)}</Fact> : null}
        {quote.lender && <Fact name="Lender">{quote.lender}</Fact>}
        {quote.rate_bp !== undefined && <Fact name="Rate">{formats.percent(quote.rate_bp)}</Fact>}
        {quote.rebate_given_up_cents ? (
          <Fact name="Rebate given up">{formats.cents(quote.rebate_given_up_cents)}</Fact>
        ) : null}
        <Fact name="First payment">{formats.day(quote.first_payment_date)}</Fact>
      </dl>
      {quote.stipulations && quote.stipulations.length > 0 && (
        <p class="hint">Stips: {formats.list(quote.stipulations.map((one) => one.replaceAll("_", " ")))}.</p>
      )}
    </>
  );
}

/** A car without a lender that the customer's cash pays in full: a cash buyer is not a refusal. */
function InCash({ cash, formats }: { cash: QuotedCash; formats: Formats }) {
  return (
    <p class="big">
      <output>{formats.cents(cash.out_the_door_cents)}</output>
      <span class="quiet">out the door: a cash deal</span>
    </p>
  );
}

/** The lease of the car: what is paid each month, with tax, and what at signing. */
function Leased({ lease, formats }: { lease: QuotedLease; formats: Formats }) {
  const { due_at_signing_cents: due, lender, stipulations } = lease;
  return (
    <>
      <p class="big">
        <output>{formats.cents(lease.payment_with_tax_cents)}</output>
        <span class="quiet">
          a month with tax, leased for {lease.term_months} months, {formats.count(lease.miles_per_year)} miles a year
        </span>
      </p>
      <dl class="facts">
        <Fact name="Due at signing">
          <b>{formats.cents(due)}</b>
        </Fact>
        <Fact name="Before tax">{formats.cents(lease.payment_cents)}</Fact>
        <Fact name="Effective monthly cost">{formats.cents(lease.effective_monthly_cents)}</Fact>
        {lender !== undefined && (
          <Fact name="Lender">
            <bdi>{lender}</bdi>
          </Fact>
        )}
      </dl>
      {stipulations !== undefined && stipulations.length > 0 && (
        <p class="hint">Stips: {formats.list(stipulations.map((one) => one.replaceAll("_", " ")))}.</p>
      )}
    </>
  );
}

/** The value of the deal to the group: as an amount, or on the scale that the store shows instead. */
function Worth({ value, formats }: { value: QuoteValue | undefined; formats: Formats }) {
  if (value?.score !== undefined)
    return (
      <Fact name="Score" strong>
        {scoreText(value.score)}
      </Fact>
    );
  if (value?.npv_cents === undefined) return null;
  const { npv_cents: npv, stress_npv_cents: stressed } = value;
  // Without its parts a value is rounded to ten dollars: cents would claim more precision than it has.
  const amount = value.parts === undefined ? formats.dollars : formats.cents;
  return (
    <>
      <Fact name="NPV" strong={npv >= 0}>
        {amount(npv)}
      </Fact>
      {stressed !== undefined && (
        <Fact name="Stress NPV">
          <span class={stressed < 0 ? "negative" : ""}>{amount(stressed)}</span>
        </Fact>
      )}
    </>
  );
}

/** What the search found, while the quote is on its way. */
function Offered({ row, quoted, formats }: { row: Row; quoted: boolean; formats: Formats }) {
  if (!quoted && row.out_the_door_cents !== null) {
    return (
      <p class="big">
        <output>{formats.cents(row.out_the_door_cents)}</output>
        <span class="quiet">
          out the door <span class="skeleton" role="img" aria-label="quoting" />
        </span>
      </p>
    );
  }
  if (!quoted && row.value === "offer" && row.payment_cents !== null) {
    return (
      <p class="big">
        <output>{formats.cents(row.payment_cents)}</output>
        <span class="quiet">
          a month for {row.term_months} months <span class="skeleton" role="img" aria-label="quoting" />
        </span>
      </p>
    );
  }
  if (!quoted && row.value === "pending") {
    const { payment_min_cents: least, payment_max_cents: most } = row;
    return (
      <>
        <span class="skeleton wide" />
        <p class="quiet">
          {least !== null && most !== null
            ? `Being valued. Payments between ${formats.cents(least)} and ${formats.cents(most)} are possible.`
            : "Being valued."}
        </p>
      </>
    );
  }
  return (
    <p class="big none">{row.value === "failed" && !quoted ? "Could not be valued" : "No offer with these terms"}</p>
  );
}

interface WhyNotProps {
  binding: string | null | undefined;
  fix: Fix | null | undefined;
  session: DealSession;
}

/** The binding limit, and every remedy with its number; a possible one can be opened. */
function WhyNot({ binding, fix, session }: WhyNotProps) {
  const { formats } = useSurroundings();
  const { pick } = session.pencil.picture.value;
  // What is in the way of a picked structure is counted from that structure.
  const structure = { ...session.model.value?.deal.structure, ...pick?.changes };
  const remedies = remediesOf(fix, structure, formats);
  return (
    <div class="why">
      {binding && <p>{sentence(limitText(binding))}.</p>}
      {remedies.length > 0 && <p class="quiet">What would qualify it:</p>}
      <ul>
        {remedies.map((remedy) => (
          <RemedyLine key={remedy.text} remedy={remedy} session={session} />
        ))}
      </ul>
    </div>
  );
}

function RemedyLine({ remedy: { text, changes }, session }: { remedy: Remedy; session: DealSession }) {
  return (
    <li>
      {changes === null ? (
        sentence(text)
      ) : (
        <button
          type="button"
          class="link"
          onClick={() => session.pencil.pick(remedied(session.pencil.picture.value.pick, changes))}
        >
          {sentence(text)}
        </button>
      )}
    </li>
  );
}

/** For a person who looks at a structure other than the best: go back, or apply it to the deal. */
function PickBar({ session, picture }: { session: DealSession; picture: PencilPicture }) {
  const { pick, asking, quote } = picture;
  const deal = session.model.value?.deal;
  if (!pick || !deal) return null;
  return (
    <p class="pick-bar">
      <span class="quiet">Your pick</span>
      <button type="button" class="link" onClick={() => session.pencil.pick(null)}>
        Back to the best offer
      </button>
      {session.view.value !== "customer" && isEditable(deal) && (
        <button
          type="button"
          class="button small"
          disabled={asking || !quote?.eligible}
          title="Changes the deal's terms for everyone and searches again"
          onClick={() => {
            session.terms.editAll(dealChanges(pick));
            session.pencil.pick(null);
          }}
        >
          Apply terms
        </button>
      )}
    </p>
  );
}
