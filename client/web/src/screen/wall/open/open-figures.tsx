import { figuresOf, paymentText } from "../../../deal/model/figures";
import type { DealSession } from "../../../deal/session";
import { signed } from "../../../text/format";
import { briefLender } from "../../../text/readable";
import type { Summary } from "../../../wall/fold";
import type { AgreedFigures, DealOffer } from "../../../wire";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

/** The figures that the desk decides about, each beside what it is measured by. */
export function OpenFigures({ session, deal }: { session: DealSession; deal: Summary }) {
  const { formats } = useSurroundings();
  const served = session.model.value?.deal;
  const offer = served?.selected ?? null;
  const figures = served ? (served.agreed ?? (offer && figuresOf(offer))) : null;
  if (served && !figures) return <p class="open-figures quiet">No car is on this deal yet.</p>;
  return (
    <section class="open-figures" aria-label="Figures" aria-busy={!served}>
      <p class="figure">{figures ? paymentText(figures, formats) : <span class="skeleton wide" />}</p>
      <dl class="facts">
        {figures && served ? (
          <Facts figures={figures} offer={offer} structure={served.structure} deal={deal} />
        ) : (
          [0, 1, 2, 3, 4].map((line) => (
            <div key={line}>
              <dt>
                <span class="skeleton" />
              </dt>
              <dd />
            </div>
          ))
        )}
      </dl>
    </section>
  );
}

interface FactsProps {
  figures: AgreedFigures;
  offer: DealOffer | null;
  structure: Record<string, unknown>;
  deal: Summary;
}

function Facts({ figures, offer, structure, deal }: FactsProps) {
  const { formats } = useSurroundings();
  const target = structure.payment_max_cents;
  const over = typeof target === "number" && figures.payment_cents !== null ? figures.payment_cents - target : null;
  const most = structure.cash_down_max_cents;
  const spare = typeof most === "number" ? most - figures.cash_down_cents : null;
  const history = deal.npv_history ?? [];
  const [last, before] = [history.at(-1), history.at(-2)];
  const npv = offer?.npv_cents;
  const moved = npv !== undefined && last === npv && before !== undefined ? npv - before : 0;
  return (
    <>
      {over !== null && (
        <Fact name="Target payment">
          <span class={over > 0 ? "beyond" : ""}>
            {over > 0 ? `${formats.cents(over)} over` : `${formats.cents(-over)} under`}
          </span>
        </Fact>
      )}
      {figures.kind !== "cash" && (
        <Fact name="Cash down">
          {formats.cents(figures.cash_down_cents)}
          {spare !== null && spare > 0 && <span class="quiet"> · has {formats.dollars(spare)} more</span>}
          {spare !== null && spare < 0 && <span class="beyond"> · {formats.dollars(-spare)} over max</span>}
        </Fact>
      )}
      {figures.rate_bp !== null && (
        <Fact name="Rate, lender">
          {formats.percent(figures.rate_bp)} · <bdi>{figures.lender && briefLender(figures.lender)}</bdi>
        </Fact>
      )}
      {npv !== undefined && (
        <Fact name={figures.kind === "finance" ? "NPV" : "Gross"}>
          <b class={npv < 0 ? "negative" : ""}>{formats.dollars(npv)}</b>
          {moved !== 0 && <span class="quiet"> · {signed(moved, formats.dollars)} since the last offer</span>}
        </Fact>
      )}
      {offer !== null && offer.discount_cents > 0 && (
        <Fact name="Discount">{formats.dollars(offer.discount_cents)}</Fact>
      )}
      <Fact name={figures.kind === "cash" ? "Out the door" : "Total of payments"}>
        {formats.cents(figures.total_cents)}
      </Fact>
    </>
  );
}
