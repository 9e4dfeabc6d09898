import type { DealSession } from "../../../deal/session";
import type { Contract, QuoteReply } from "../../../wire";
import { AgreedFacts } from "../../parts/agreed";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";
import { CashFacts } from "../ways/cash-panel";
import { LeaseFacts } from "../ways/lease-panel";
import { ContractFacts, Schedule } from "./contract-facts";

/** What was signed, as it was priced then: nothing that happens to car, prices or sheets changes it. */
export function SignedContract({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  const contract = deal?.contract;
  if (!contract) return null;
  // The terms of a signed deal cannot be edited: they are the contract's, but for what the offer itself has otherwise.
  const structure = { ...deal.structure, ...deal.selected?.changes };
  return <Signed contract={contract} structure={structure} />;
}

function Signed({ contract, structure }: { contract: Contract; structure: Record<string, unknown> }) {
  const { formats } = useSurroundings();
  const { car, figures, signed_by: by, signed_at: at } = contract;
  const quote = contract.quote as unknown as QuoteReply;
  return (
    <section class="signed-contract" aria-label="Signed contract">
      <h2>
        Contract: {car.year}{" "}
        <bdi>
          {car.make} {car.model}
        </bdi>
      </h2>
      <p class="quiet">
        Signed {formats.moment(at)}
        {by && (
          <>
            {" "}
            by <bdi>{by.name}</bdi>
          </>
        )}{" "}
        · stock {car.stock_no}
      </p>
      {contract.customer !== undefined && (
        <p class="quiet">
          Accepted by <bdi>{contract.customer}</bdi> with the disclosures of {contract.text_version}
        </p>
      )}
      <AgreedFacts figures={figures} title="As signed" />
      <Parts quote={quote} structure={structure} />
      {quote.value?.npv_cents !== undefined && (
        <dl class="facts">
          <Fact name="NPV">{formats.dollars(quote.value.npv_cents)}</Fact>
        </dl>
      )}
      <p class="provenance quiet">
        Pencil <span class="vin">{contract.pencil_id}</span>
      </p>
    </section>
  );
}

/** Everything that the signed figures are made of, as it was shown before the signature. */
function Parts({ quote, structure }: { quote: QuoteReply; structure: Record<string, unknown> }) {
  const { cash } = quote;
  const ValueParts = useSurroundings().managers?.value.deal?.ValueParts;
  if (quote.kind === "cash") {
    return cash ? (
      <>
        <CashFacts cash={cash} />
        {cash.value && ValueParts && <ValueParts value={cash.value} stale={false} />}
      </>
    ) : null;
  }
  const lease = quote.lease?.best;
  if (quote.kind === "lease") return lease ? <LeaseFacts lease={lease} /> : null;
  return (
    <>
      <ContractFacts quote={quote} structure={structure} />
      <Schedule quote={quote} />
    </>
  );
}
