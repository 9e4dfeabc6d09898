import { against } from "../../../deal/pencil/frontier";
import { signed } from "../../../text/format";
import type { QuoteReply, StressedPoint } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  point: StressedPoint;
  quote: QuoteReply | null;
}

/** The structure of the point under pointer or keyboard, and what it changes: two lines that stay where they are. */
export function PointDetail({ point, quote }: Props) {
  const { formats } = useSurroundings();
  const { payment_cents: payment, term_months: term, cash_down_cents: cash, discount_cents: discount } = point;
  const change = against(point, quote);
  return (
    <div class="point-detail" id="point-detail">
      <p>
        <b>
          {formats.cents(payment)} × {term}
        </b>{" "}
        {formats.dollars(cash)} down{discount > 0 && `, discount ${formats.dollars(discount)}`}
        {point.lender !== undefined && (
          <>
            {" "}
            · <bdi>{point.lender}</bdi>
          </>
        )}
      </p>
      <p>
        NPV {formats.dollars(point.npv_cents ?? 0)}
        {point.stress_npv_cents !== undefined && `, stress ${formats.dollars(point.stress_npv_cents)}`}
        <span class="quiet">
          {change === null
            ? " · shown above"
            : ` · ${signed(change.paymentCents, formats.dollars)}/mo${change.npvCents === null ? "" : `, NPV ${signed(change.npvCents, formats.dollars)}`}`}
        </span>
      </p>
    </div>
  );
}
