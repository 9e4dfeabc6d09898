import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { gridRows, overMaximum } from "../../../deal/pencil/grid-reading";
import { cellAfter } from "../../../deal/pencil/pencil-cells";
import type { DealSession } from "../../../deal/session";
import type { QuoteReply } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { GridCell } from "./grid-cell";
import { GridRowHead } from "./grid-row-head";
import { GridSelector } from "./grid-selector";

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
  const table = useRef<HTMLTableElement>(null);
  const current = {
    row: grid.terms_months.indexOf(quote.term_months ?? -1),
    column: grid.cash_down_cents.indexOf(quote.cash_down_cents ?? -1),
  };
  const focus = useSignal({ row: -1, column: -1 });
  const home = { row: Math.max(0, current.row), column: Math.max(0, current.column) };
  const roving =
    focus.value.row >= 0 &&
    focus.value.row < grid.terms_months.length &&
    focus.value.column < grid.cash_down_cents.length
      ? focus.value
      : home;

  function onKeyDown(event: KeyboardEvent): void {
    const next = cellAfter(event.key, roving, grid.terms_months.length, grid.cash_down_cents.length);
    if (!next) return;
    focus.value = next;
    table.current?.querySelector<HTMLButtonElement>(`[data-cell="${next.row}-${next.column}"]`)?.focus();
    event.preventDefault();
  }

  const look = (row: number, column: number) => {
    focus.value = { row, column };
    const cash = grid.cash_down_cents[column]!;
    const changes = { term_months: grid.terms_months[row]!, cash_down_cents: cash, cash_down_max_cents: cash };
    const discount = grid.discount_cents?.[row]?.[column];
    const programmeId = grid.programme_id ?? null;
    // The cell's own program and discount, if the grid has one of each; else the best ones there.
    session.pencil.pick({
      changes: programmeId === null || discount == null ? changes : { ...changes, discount_cents: discount },
      programmeId,
      keepOffer: grid.programme_id === undefined,
    });
  };
  const structure = session.model.value?.deal.structure ?? {};
  const rows = gridRows(grid, (structure.terms_months as number[] | undefined) ?? []);
  const discount = quote.discount_cents;
  return (
    <section class={`pencil ${asking ? "stale" : ""}`}>
      <h3 id="pencil-title">Payment grid{discount ? ` · discount ${formats.dollars(discount)}` : ""}</h3>
      <GridSelector quote={quote} session={session} />
      <div class="pencil-frame">
        <table ref={table} role="grid" aria-labelledby="pencil-title" aria-busy={asking} onKeyDown={onKeyDown}>
          <thead>
            <tr>
              <th scope="col" class="corner">
                Cash down
              </th>
              {grid.cash_down_cents.map((cents) => (
                <th key={cents} scope="col" title={formats.cents(cents)}>
                  {formats.dollars(cents)}
                  {overMaximum(cents, structure) && <small class="over-max">over max</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((each, row) => (
              <tr key={each.term} class={each.chosen ? "" : "unchosen"}>
                <GridRowHead row={each} grid={grid} />
                {grid.cash_down_cents.map((cash, column) => (
                  <GridCell
                    key={cash}
                    quote={quote}
                    at={{ row, column }}
                    here={row === current.row && column === current.column}
                    reached={row === roving.row && column === roving.column}
                    choose={() => look(row, column)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > 1 && <p class="hint">A longer term lowers the payment and raises the total cost.</p>}
    </section>
  );
}
