import { cellDifference } from "../../../deal/pencil/grid-reading";
import { scoreText } from "../../../deal/stock/columns";
import { limitText } from "../../../deal/terms/fields";
import type { QuoteReply } from "../../../wire";
import { sentence } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";
import type { Standing } from "./grid-table";

/** One cell: payment, total of payments, NPV, and a tag where it is of another lender or discount than the offer. */
export function GridCell({ quote, at: { row, column }, here, reached, choose }: Standing & { quote: QuoteReply }) {
  const { formats } = useSurroundings();
  const { grid } = quote;
  const eligible = grid.eligible[row]?.[column] ?? false;
  const payment = grid.payment_cents[row]?.[column];
  const total = grid.total_of_payments_cents?.[row]?.[column];
  const npv = grid.npv_cents?.[row]?.[column];
  const score = grid.score?.[row]?.[column];
  const rate = grid.rate_bp[row]?.[column];
  const limit = grid.binding?.[row]?.[column];
  const lender = grid.lender?.[row]?.[column];
  const differs = cellDifference(quote, row, column);
  const tags = [
    differs.lender,
    differs.discountCents === null ? null : `discount ${formats.dollars(differs.discountCents)}`,
  ].filter(Boolean);
  const amount = payment == null ? null : formats.cents(payment);
  const reason = limit ? sentence(limitText(limit)) : "Not possible";
  const source = [lender, rate == null ? null : formats.percent(rate)].filter(Boolean).join(" · ");
  const title = eligible ? source : reason;
  const place = `${grid.terms_months[row]} months, ${formats.dollars(grid.cash_down_cents[column] ?? 0)} down`;
  const spoken = [
    amount,
    total == null ? null : `total ${formats.cents(total)}`,
    eligible ? null : reason,
    ...tags,
  ].filter(Boolean);
  return (
    <td role="gridcell" aria-selected={here}>
      <button
        type="button"
        data-cell={`${row}-${column}`}
        tabIndex={reached ? 0 : -1}
        class={`${eligible ? "" : "out"} ${here ? "here" : ""}`}
        title={title}
        aria-label={`${place}: ${spoken.join(", ")}`}
        onClick={choose}
      >
        {amount ?? "–"}
        {total != null && <small class="total">{formats.dollars(total)}</small>}
        {eligible && npv != null && <small class={npv < 0 ? "negative" : ""}>{formats.dollars(npv)}</small>}
        {eligible && score != null && <small>{scoreText(score)}</small>}
        {tags.map((tag) => (
          <small key={tag} class="tag">
            {tag}
          </small>
        ))}
      </button>
    </td>
  );
}
