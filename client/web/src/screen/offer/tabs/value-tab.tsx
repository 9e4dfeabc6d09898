import type { PencilPicture } from "../../../deal/pencil/pencil";
import type { DealSession } from "../../../deal/session";
import { scoreText } from "../../../deal/stock/columns";
import type { Row } from "../../../deal/stock/rows";
import { rankText } from "../../../deal/stock/turnover";
import type { DealKind, QuoteReply, QuoteValue } from "../../../wire";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";
import { FrontierPlot } from "../value/frontier-plot";
import { RateOrRebate } from "../value/rate-or-rebate";

interface Props {
  row: Row;
  quote: QuoteReply;
  way: DealKind;
  picture: PencilPicture;
  session: DealSession;
}

/** What the deal is worth to the group, where that comes from, and the structures that nothing beats. */
export function ValueTab({ row, quote, way, picture, session }: Props) {
  const { asking } = picture;
  const value = worthIn(quote, way);
  const financed = way === "finance";
  const forManagers = useSurroundings().managers?.value.deal;
  return (
    <>
      <Totals value={value} row={row} picked={picture.pick !== null || !financed} session={session} />
      {financed && <FrontierPlot picture={picture} session={session} />}
      {financed && <RateOrRebate quote={quote} session={session} />}
      {value && forManagers && <forManagers.ValueParts value={value} stale={asking} />}
      {way === "lease" && value && (
        <p class="hint">
          Front and product gross, and the reserve less what is expected to be given back. No credit model is behind the
          value of a lease.
        </p>
      )}
      {financed && quote.value?.monthly_cash_cents && forManagers && (
        <forManagers.MonthlyCash
          cash={quote.value.monthly_cash_cents}
          lentCents={quote.principal_cents ?? 0}
          stale={asking}
        />
      )}
    </>
  );
}

function worthIn(quote: QuoteReply, way: DealKind): QuoteValue | undefined {
  if (way === "cash") return quote.cash?.value;
  return way === "lease" ? quote.lease?.best?.value : quote.value;
}

interface TotalsProps {
  value: QuoteValue | undefined;
  row: Row;
  /** Whether the figures are not those by which the search ranked the car. */
  picked: boolean;
  session: DealSession;
}

/** The value, as an amount or on the store's scale, what is left of it when losses rise, and its rank. */
function Totals({ value, row, picked, session }: TotalsProps) {
  const { formats } = useSurroundings();
  const rank = picked ? null : session.grid.rank(row.vehicle_id);
  if (value?.score !== undefined)
    return (
      <dl class="facts value-facts">
        <Fact name="Score">{scoreText(value.score)}</Fact>
      </dl>
    );
  if (value?.npv_cents === undefined)
    return <p class="hint">The value of this deal is not known, or is for the desk alone.</p>;
  const amount = value.parts ? formats.cents : formats.dollars;
  const { npv_cents: npv, stress_npv_cents: stressed } = value;
  return (
    // Other figures are drawn anew: their widths differ.
    <dl key={`${npv} ${picked}`} class="facts value-facts">
      <Fact name="NPV" strong={npv >= 0}>
        <span class={npv < 0 ? "negative" : ""}>{amount(npv)}</span>
      </Fact>
      {stressed !== undefined && (
        <Fact name="Stress NPV">
          <span class={stressed < 0 ? "negative" : ""}>{amount(stressed)}</span>
        </Fact>
      )}
      {/* The row stays where a pick has no rank: nothing beneath it moves. */}
      <Fact name="NPV rank">
        {rank ? (
          <span class={rank.turns ? `turn-${rank.turns}` : ""}>{rankText(rank, formats)}</span>
        ) : (
          <span class="quiet">{picked ? "of the best offer only" : "–"}</span>
        )}
      </Fact>
    </dl>
  );
}
