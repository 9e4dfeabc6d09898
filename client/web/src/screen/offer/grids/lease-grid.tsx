import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isEditable } from "../../../deal/desk/steps";
import { cellAfter } from "../../../deal/pencil/pencil-cells";
import type { DealSession } from "../../../deal/session";
import { limitText } from "../../../deal/terms/fields";
import type { LeaseGrid, QuotedLease } from "../../../wire";
import { sentence } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  grid: LeaseGrid;
  best: QuotedLease | undefined;
  stale: boolean;
  session: DealSession;
}

/**
 * The lease grid: terms by cash down, of one lender, one mileage and one discount. Each cell has the payment with tax,
 * what is due at signing and, for the desk, what the lease is worth. A cell shows its lease when it is chosen.
 */
export function LeaseGridTable({ grid, best, stale, session }: Props) {
  const { formats } = useSurroundings();
  const table = useRef<HTMLTableElement>(null);
  const { terms_months: terms, cash_down_cents: cash } = grid;
  const here = { row: terms.indexOf(best?.term_months ?? -1), column: cash.indexOf(best?.cash_down_cents ?? -1) };
  const focus = useSignal({ row: -1, column: -1 });
  const inside = focus.value.row in terms && focus.value.column in cash;
  const roving = inside ? focus.value : { row: Math.max(0, here.row), column: Math.max(0, here.column) };

  function onKeyDown(event: KeyboardEvent): void {
    const next = cellAfter(event.key, roving, terms.length, cash.length);
    if (!next) return;
    focus.value = next;
    table.current?.querySelector<HTMLButtonElement>(`[data-cell="${next.row}-${next.column}"]`)?.focus();
    event.preventDefault();
  }

  const look = (row: number, column: number) => {
    focus.value = { row, column };
    const down = { cash_down_cents: cash[column]!, cash_down_max_cents: cash[column]! };
    session.pencil.pick({ changes: { kind: "lease", term_months: terms[row]!, ...down }, programmeId: null });
  };
  return (
    <section class={`pencil lease-grid ${stale ? "stale" : ""}`}>
      <h3 id="lease-title">Lease grid{grid.lender !== undefined && <> · {grid.lender}</>}</h3>
      <Miles grid={grid} session={session} />
      <div class="pencil-frame">
        <table ref={table} role="grid" aria-labelledby="lease-title" aria-busy={stale} onKeyDown={onKeyDown}>
          <thead>
            <tr>
              <th scope="col" class="corner">
                Cash down
              </th>
              {cash.map((cents, column) => (
                <th key={cents} scope="col" title={formats.cents(cents)}>
                  {formats.dollars(cents)}
                  {grid.over_max[column] && <small class="over-max">over max</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {terms.map((term, row) => (
              <tr key={term}>
                <th scope="row">
                  <b>{term} mo</b>
                  <small>At signing</small>
                  {grid.lease_value_cents && <small>Value</small>}
                </th>
                {cash.map((cents, column) => (
                  <Cell
                    key={cents}
                    grid={grid}
                    at={{ row, column }}
                    here={row === here.row && column === here.column}
                    reached={row === roving.row && column === roving.column}
                    choose={() => look(row, column)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The miles a year that the deal asks for. */
function Miles({ grid, session }: { grid: LeaseGrid; session: DealSession }) {
  const { formats } = useSurroundings();
  const deal = session.model.value?.deal;
  void session.terms.editing.value;
  const asked = session.terms.value("lease_miles_per_year", deal?.structure.lease_miles_per_year ?? null);
  if (!deal || session.view.value === "customer" || !session.can("terms") || !isEditable(deal))
    return <p class="hint">{formats.count(grid.miles)} miles a year</p>;
  const chosen = typeof asked === "number" ? asked : null;
  const choices = [...new Set([...grid.miles_per_year, ...(chosen === null ? [] : [chosen])])].sort((a, b) => a - b);
  return (
    <div class="grid-selector">
      <label>
        Miles a year
        <select
          name="lease-miles"
          value={chosen === null ? "" : String(chosen)}
          onChange={({ currentTarget: { value } }) =>
            session.terms.edit("lease_miles_per_year", value === "" ? null : Number(value))
          }
        >
          <option value="">Any ({formats.count(grid.miles)} here)</option>
          {choices.map((miles) => (
            <option key={miles} value={String(miles)}>
              {formats.count(miles)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

interface CellProps {
  grid: LeaseGrid;
  at: { row: number; column: number };
  /** Whether it is the shown lease. */
  here: boolean;
  /** Whether Tab leads to it. */
  reached: boolean;
  choose(): void;
}

function Cell({ grid, at: { row, column }, here, reached, choose }: CellProps) {
  const { formats } = useSurroundings();
  const eligible = grid.eligible[row]?.[column] ?? false;
  const payment = grid.payment_cents[row]?.[column];
  const due = grid.due_at_signing_cents[row]?.[column];
  const value = grid.lease_value_cents?.[row]?.[column];
  const limit = grid.binding?.[row]?.[column];
  const reason = limit ? sentence(limitText(limit)) : "Not possible";
  const amount = payment == null ? null : formats.cents(payment);
  const place = `${grid.terms_months[row]} months, ${formats.dollars(grid.cash_down_cents[column] ?? 0)} down`;
  const spoken = [amount, due == null ? null : `${formats.cents(due)} at signing`, eligible ? null : reason];
  return (
    <td role="gridcell" aria-selected={here}>
      <button
        type="button"
        data-cell={`${row}-${column}`}
        tabIndex={reached ? 0 : -1}
        class={`${eligible ? "" : "out"} ${here ? "here" : ""}`}
        title={eligible ? undefined : reason}
        aria-label={`${place}: ${spoken.filter(Boolean).join(", ")}`}
        onClick={choose}
      >
        {amount ?? "–"}
        {due != null && <small class="total">{formats.dollars(due)}</small>}
        {eligible && value != null && <small class={value < 0 ? "negative" : ""}>{formats.dollars(value)}</small>}
      </button>
    </td>
  );
}
