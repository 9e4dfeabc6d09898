import type { DealSession } from "../../../deal/session";
import { limitText } from "../../../deal/terms/limits";
import { sentence } from "../../../text/readable";
import type { QuotedLease, QuoteReply } from "../../../wire";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";
import { LeaseGridTable } from "../grids/lease-grid";

interface Props {
  quote: QuoteReply;
  stale: boolean;
  session: DealSession;
}

/** The car as a lease: its grid, how its payment comes about, what is due at signing, what it costs in all. */
export function LeasePanel({ quote, stale, session }: Props) {
  const best = quote.lease?.best;
  const binding = quote.lease?.binding;
  return (
    <>
      {quote.lease_grid && <LeaseGridTable grid={quote.lease_grid} best={best} stale={stale} session={session} />}
      {best ? (
        <LeaseFacts lease={best} stale={stale} />
      ) : (
        <p class="hint">{binding ? `No lease: ${sentence(limitText(binding))}.` : "No lease with these terms."}</p>
      )}
    </>
  );
}

/** A lease with its parts: how its payment comes about, what is due at signing, what it costs in all. */
export function LeaseFacts({ lease, stale = false }: { lease: QuotedLease; stale?: boolean }) {
  const { formats } = useSurroundings();
  const { money_factor: factor } = lease;
  return (
    <section class={`lease ${stale ? "stale" : ""}`} aria-label="Lease">
      <h3>Lease</h3>
      <dl class="facts">
        <Amount name="Gross cap cost" cents={lease.gross_cap_cents} />
        <Amount name="Cap cost reduction" cents={-lease.cap_reduction_cents} />
        <Amount name="Adjusted cap cost" cents={lease.adjusted_cap_cents} strong />
        <Fact name="Residual">
          {formats.cents(lease.residual_cents)} · {formats.percent(lease.residual_bp)} of MSRP
        </Fact>
        <Amount name="Depreciation" cents={lease.depreciation_cents} />
        <Amount name="Rent charge" cents={lease.rent_charge_cents} />
        {factor !== undefined && <Fact name="Money factor">{factor.toFixed(5)}</Fact>}
        <Amount name="Payment before tax" cents={lease.payment_cents} />
        <Amount name="Tax on the payment" cents={lease.payment_tax_cents} />
        <Amount name="Payment with tax" cents={lease.payment_with_tax_cents} strong />
      </dl>
      <h3>Due at signing</h3>
      <dl class="facts">
        <Amount name="First payment before tax" cents={lease.payment_cents} />
        <Amount name="Fees" cents={lease.upfront_fees_cents} />
        <Amount name="Tax, with the first payment's" cents={lease.tax_at_signing_cents} />
        <Amount name="Cash down" cents={lease.cash_down_cents} />
        <Amount name="Refundable deposit" cents={lease.security_deposit_cents} />
        <Amount name="Due at signing" cents={lease.due_at_signing_cents} strong />
      </dl>
      <h3>In all</h3>
      <dl class="facts">
        <Amount name="Total of payments" cents={lease.total_of_payments_cents} />
        <Amount name="Disposition fee" cents={lease.disposition_fee_cents} />
        <Amount name="Total out of pocket" cents={lease.total_out_of_pocket_cents} />
        <Amount name="Effective monthly cost" cents={lease.effective_monthly_cents} strong />
        <Fact name="Miles a year">{formats.count(lease.miles_per_year)}</Fact>
        <Amount name="Each mile beyond" cents={lease.excess_mile_cents} />
      </dl>
    </section>
  );
}

/** An amount with its name; nothing if there is none. */
function Amount({ name, cents, strong = false }: { name: string; cents: number; strong?: boolean }) {
  const { formats } = useSurroundings();
  if (cents === 0) return null;
  return <Fact name={name}>{strong ? <b>{formats.cents(cents)}</b> : formats.cents(cents)}</Fact>;
}
