import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { cellAfter } from "../../deal/pencil/pencil-cells";
import type { DealSession } from "../../deal/session";
import { scoreText } from "../../deal/stock/columns";
import { limitText } from "../../deal/terms/fields";
import type { QuoteReply } from "../../wire";
import { sentence } from "../parts/facts";
import { useSurroundings } from "../parts/surroundings";

interface Props {
  quote: QuoteReply;
  asking: boolean;
  session: DealSession;
}

/** Terms by cash down: each cell's payment and, for staff, its NPV. A cell shows its structure when it is chosen. */
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

  const discount = quote.discount_cents;
  const look = (row: number, column: number) => {
    focus.value = { row, column };
    const cash = grid.cash_down_cents[column]!;
    const changes = { term_months: grid.terms_months[row]!, cash_down_cents: cash, cash_down_max_cents: cash };
    session.pencil.pick({ changes, programmeId: null });
  };
  return (
    <section class={`pencil ${asking ? "stale" : ""}`}>
      <h3 id="pencil-title">Months by cash down{discount ? ` · discount ${formats.dollars(discount)}` : ""}</h3>
      <div class="pencil-frame">
        <table ref={table} role="grid" aria-labelledby="pencil-title" aria-busy={asking} onKeyDown={onKeyDown}>
          <thead>
            <tr>
              <td />
              {grid.cash_down_cents.map((cents) => (
                <th key={cents} scope="col" title={formats.cents(cents)}>
                  {formats.dollars(cents)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.terms_months.map((term, row) => (
              <tr key={term}>
                <th scope="row">{term}</th>
                {grid.cash_down_cents.map((cash, column) => {
                  const payment = grid.payment_cents[row]?.[column];
                  const eligible = grid.eligible[row]?.[column] ?? false;
                  const npv = grid.npv_cents?.[row]?.[column];
                  const score = grid.score?.[row]?.[column];
                  const here = row === current.row && column === current.column;
                  const limit = grid.binding?.[row]?.[column];
                  const lender = grid.lender?.[row]?.[column];
                  const rate = grid.rate_bp[row]?.[column];
                  const amount = payment == null ? null : formats.cents(payment);
                  const title = eligible
                    ? [lender, rate == null ? null : formats.percent(rate)].filter(Boolean).join(" · ")
                    : limit
                      ? sentence(limitText(limit))
                      : "Not possible";
                  return (
                    <td key={cash} role="gridcell" aria-selected={here}>
                      <button
                        type="button"
                        data-cell={`${row}-${column}`}
                        tabIndex={row === roving.row && column === roving.column ? 0 : -1}
                        class={`${eligible ? "" : "out"} ${here ? "here" : ""}`}
                        title={title}
                        aria-label={`${term} months, ${formats.dollars(cash)} down: ${eligible ? amount : [amount, title].filter(Boolean).join(", ")}`}
                        onClick={() => look(row, column)}
                      >
                        {amount ?? "–"}
                        {eligible && npv != null && (
                          <small class={npv < 0 ? "negative" : ""}>{formats.dollars(npv)}</small>
                        )}
                        {eligible && score != null && <small title="Score">{scoreText(score)}</small>}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
