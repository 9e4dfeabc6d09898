import type { DealSession } from "../../deal/session";
import type { Contract, QuoteReply } from "../../wire";
import { AgreedFacts } from "../parts/agreed";
import { Fact } from "../parts/facts";
import { useSurroundings } from "../parts/surroundings";

/** What was signed, as it was priced then: nothing that happens to car, prices or sheets changes it. */
export function SignedContract({ session }: { session: DealSession }) {
  const contract = session.model.value?.deal.contract;
  return contract ? <Signed contract={contract} /> : null;
}

function Signed({ contract }: { contract: Contract }) {
  const { formats } = useSurroundings();
  const { car, figures, signed_by: by, signed_at: at } = contract;
  const quote = contract.quote as unknown as Partial<QuoteReply>;
  const amounts: [string, number | undefined][] = [
    ["Price", quote.price_cents],
    ["Discount", quote.discount_cents],
    ["Rebates", quote.rebate_cents],
    ["Tax", quote.tax_cents],
    ["Amount financed", quote.amount_financed_cents],
    ["Finance charge", quote.finance_charge_cents],
  ];
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
      <dl class="facts">
        {quote.apr_percent !== undefined && <Fact name="APR">{formats.percent(quote.apr_percent * 100)}</Fact>}
        {amounts.map(([name, cents]) =>
          cents ? (
            <Fact key={name} name={name}>
              {formats.cents(cents)}
            </Fact>
          ) : null,
        )}
        {quote.first_payment_date && !quote.cash && (
          <Fact name="First payment">{formats.day(quote.first_payment_date)}</Fact>
        )}
        {quote.value?.npv_cents !== undefined && <Fact name="NPV">{formats.dollars(quote.value.npv_cents)}</Fact>}
      </dl>
      <p class="provenance quiet">
        Pencil <span class="vin">{contract.pencil_id}</span>
      </p>
    </section>
  );
}
