import type { DealSession } from "../../../deal/session";
import type { DealKind, QuoteReply } from "../../../wire";
import { Papers } from "../../desk/papers";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";
import { ContractFacts, Schedule } from "../contract/contract-facts";
import { Itemized } from "../contract/itemized";
import { LenderRules } from "../contract/lender-rules";
import { ProductsEffect } from "../contract/products-effect";
import { Provenance } from "../contract/provenance";
import { SignedContract } from "../contract/signed-contract";
import { PrintComparison } from "../head/print-links";
import { CashFacts } from "../ways/cash-panel";
import { LeaseFacts } from "../ways/lease-panel";

interface Props {
  vehicleId: string;
  quote: QuoteReply;
  way: DealKind;
  asking: boolean;
  session: DealSession;
}

/** What would be signed: amounts, costs, products, lender and stips, and what was signed already. */
export function ContractTab({ vehicleId, quote, way, asking, session }: Props) {
  const deal = session.model.value?.deal;
  const structure = deal?.structure ?? {};
  const lease = quote.lease?.best;
  return (
    <>
      {deal?.contract?.vehicle_id === vehicleId && <SignedContract session={session} />}
      <Lender quote={quote} way={way} />
      {way === "cash" && quote.cash && <CashFacts cash={quote.cash} stale={asking} />}
      {way === "lease" && lease && <LeaseFacts lease={lease} stale={asking} />}
      {way === "finance" && (
        <>
          <ContractFacts quote={quote} structure={structure} stale={asking} />
          <ProductsEffect products={quote.products ?? []} />
          <Itemized quote={quote} />
          <Schedule quote={quote} />
        </>
      )}
      <Papers session={session} />
      <PrintComparison session={session} />
      <Provenance quote={quote} />
    </>
  );
}

/** Who lends, at which rate, with which rules and stips. */
function Lender({ quote, way }: Pick<Props, "quote" | "way">) {
  const { formats } = useSurroundings();
  const lease = way === "lease" ? quote.lease?.best : undefined;
  const { lender, stipulations } = lease ?? (way === "finance" ? quote : {});
  if (lender === undefined) return null;
  return (
    <section class="lender">
      <h3>Lender and stips</h3>
      <dl class="facts">
        <Fact name="Lender">
          <bdi>{lender}</bdi>
        </Fact>
        {!lease && quote.rate_bp !== undefined && <Fact name="Rate">{formats.percent(quote.rate_bp)}</Fact>}
        {!lease && quote.rebate_given_up_cents ? (
          <Fact name="Rebate given up">{formats.cents(quote.rebate_given_up_cents)}</Fact>
        ) : null}
        <Fact name="Stips">
          {stipulations?.length ? formats.list(stipulations.map((one) => one.replaceAll("_", " "))) : "none"}
        </Fact>
      </dl>
      {!lease && quote.lender_rules && <LenderRules rules={quote.lender_rules} />}
    </section>
  );
}
