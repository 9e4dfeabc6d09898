import { cellDifference } from "../../../deal/pencil/grid-reading";
import { scoreText } from "../../../deal/stock/columns";
import { limitText } from "../../../deal/terms/limits";
import { sentence } from "../../../text/readable";
import type { QuoteReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { GridCell, lineOf } from "./grid-cell";
import type { Standing } from "./grid-table";

/** A financed cell: payment, total of payments, NPV, and a tag where discount or lender are not the offer's. */
export function FinanceCell({ quote, standing }: { quote: QuoteReply; standing: Standing }) {
  const { formats } = useSurroundings();
  const { grid } = quote;
  const { row, column } = standing.at;
  const eligible = grid.eligible[row]?.[column] ?? false;
  const payment = grid.payment_cents[row]?.[column];
  const total = grid.total_of_payments_cents?.[row]?.[column];
  const npv = grid.npv_cents?.[row]?.[column];
  const score = grid.score?.[row]?.[column];
  const rate = grid.rate_bp[row]?.[column];
  const limit = grid.binding?.[row]?.[column];
  const lender = grid.lender?.[row]?.[column];
  const differs = cellDifference(quote, row, column);
  const discount = differs.discountCents === null ? null : `${formats.dollars(differs.discountCents)} off`;
  const amount = payment == null ? null : formats.cents(payment);
  const source = [lender, rate == null ? null : formats.percent(rate)].filter(Boolean).join(" · ");
  return (
    <GridCell
      standing={standing}
      place={`${grid.terms_months[row]} months, ${formats.dollars(grid.cash_down_cents[column] ?? 0)} down`}
      lines={[
        ...lineOf(amount, "payment"),
        ...lineOf(total == null ? null : formats.dollars(total), "total", "total"),
        ...lineOf(
          eligible && npv != null ? formats.dollars(npv) : null,
          "NPV",
          npv != null && npv < 0 ? "negative" : "",
        ),
        ...lineOf(eligible && score != null ? scoreText(score) : null, "score"),
        ...lineOf([discount, differs.lender].filter(Boolean).join(" ") || null, "another discount or lender", "tag"),
      ]}
      reason={eligible ? null : limit ? sentence(limitText(limit)) : "Not possible"}
      title={source}
    />
  );
}
