import { isEditable } from "../../../deal/desk/steps";
import { gridRows, overMaximum } from "../../../deal/pencil/grid-reading";
import { financed } from "../../../deal/pencil/pencil";
import type { Cell } from "../../../deal/pencil/pencil-cells";
import type { DealSession } from "../../../deal/session";
import type { QuoteReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { applyPick } from "../head/terms-change";
import { FinanceCell } from "./finance-cell";
import { GridRowHead } from "./grid-row-head";
import { GridSelector } from "./grid-selector";
import { GridTable } from "./grid-table";

interface Props {
  quote: QuoteReply;
  asking: boolean;
  session: DealSession;
}

/**
 * The payment grid: terms by cash down, of one lender's program and one discount. Each cell has the payment, the total
 * of payments and, for staff, the NPV. A cell shows its structure when it is chosen.
 */
export function PencilGrid({ quote, asking, session }: Props) {
  const { formats } = useSurroundings();
  const { grid } = quote;
  const structure = session.model.value?.deal.structure ?? {};
  const shown = {
    row: grid.terms_months.indexOf(quote.term_months ?? -1),
    column: grid.cash_down_cents.indexOf(quote.cash_down_cents ?? -1),
  };
  const look = ({ row, column }: Cell) => {
    const cash = grid.cash_down_cents[column]!;
    const down = { cash_down_cents: cash, cash_down_max_cents: cash };
    const changes = financed(structure, { term_months: grid.terms_months[row]!, ...down });
    const discount = grid.discount_cents?.[row]?.[column];
    const programmeId = grid.programme_id ?? null;
    // The cell's own program and discount, if the grid has one of each; else the best ones there.
    session.pencil.pick({
      changes: programmeId === null || discount == null ? changes : { ...changes, discount_cents: discount },
      programmeId,
      keepOffer: grid.programme_id === undefined,
    });
  };
  const { pick } = session.pencil.picture.value;
  const deal = session.model.value?.deal;
  const may = session.can("terms");
  const applicable = pick !== null && !asking && quote.eligible && may && deal !== undefined && isEditable(deal);
  const rows = gridRows(grid, (structure.terms_months as number[] | undefined) ?? []);
  const discount = quote.discount_cents;
  return (
    <section class={`pencil ${asking ? "stale" : ""}`}>
      <h3 id="pencil-title">Payment grid{discount ? ` · discount ${formats.dollars(discount)}` : ""}</h3>
      <GridSelector quote={quote} session={session} />
      <GridTable
        titleId="pencil-title"
        stale={asking}
        cash={grid.cash_down_cents}
        rows={rows.map((row, at) => ({
          term: row.term,
          class: row.chosen ? "" : "unchosen",
          head: <GridRowHead row={row} at={at} grid={grid} />,
        }))}
        shown={shown}
        isOverMax={(column) => overMaximum(grid.cash_down_cents[column]!, structure)}
        cell={(standing) => <FinanceCell key={standing.at.column} quote={quote} standing={standing} />}
        choose={look}
        apply={applicable ? () => applyPick(session, pick, formats) : undefined}
      />
      <p class="hint">
        {rows.length > 1 && "A longer term lowers the payment and raises the total cost. "}
        {may && "Enter shows a cell; Enter again applies it."}
      </p>
    </section>
  );
}
