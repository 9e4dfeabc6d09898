import { isEditable } from "../../../deal/desk/steps";
import { overMaximum } from "../../../deal/pencil/grid-reading";
import type { DealSession } from "../../../deal/session";
import { limitText } from "../../../deal/terms/limits";
import { sentence } from "../../../text/readable";
import type { LeaseGrid, QuotedLease } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { GridCell, lineOf } from "./grid-cell";
import { GridTable, type Standing } from "./grid-table";

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
  const { terms_months: terms, cash_down_cents: cash } = grid;
  const shown = { row: terms.indexOf(best?.term_months ?? -1), column: cash.indexOf(best?.cash_down_cents ?? -1) };
  const structure = session.model.value?.deal.structure ?? {};
  const look = ({ row, column }: Standing["at"]) => {
    const down = { cash_down_cents: cash[column]!, cash_down_max_cents: cash[column]! };
    const { miles: lease_miles_per_year, discount_cents } = grid;
    const own = { lease_miles_per_year, ...(discount_cents === undefined ? {} : { discount_cents }) };
    // The cell's own program, mileage and discount: it is the lease that the cell shows.
    session.pencil.pick({
      changes: { kind: "lease", term_months: terms[row]!, ...down, ...own },
      programmeId: best?.programme_id ?? null,
    });
  };
  return (
    <section class={`pencil lease-grid ${stale ? "stale" : ""}`}>
      <h3 id="lease-title">Lease grid{grid.lender !== undefined && <> · {grid.lender}</>}</h3>
      <Miles grid={grid} session={session} />
      <GridTable
        titleId="lease-title"
        stale={stale}
        cash={cash}
        rows={terms.map((term) => ({ term, head: <TermHead term={term} grid={grid} /> }))}
        shown={shown}
        isOverMax={(column) => overMaximum(cash[column]!, structure)}
        cell={(standing) => <LeaseCell key={cash[standing.at.column]} grid={grid} standing={standing} />}
        choose={look}
      />
    </section>
  );
}

function TermHead({ term, grid }: { term: number; grid: LeaseGrid }) {
  return (
    <th scope="row">
      <b>{term} mo</b>
      <small>At signing</small>
      {grid.lease_value_cents && <small>Value</small>}
    </th>
  );
}

/** The miles a year that the deal asks for; disabled for whoever may not change them. */
function Miles({ grid, session }: { grid: LeaseGrid; session: DealSession }) {
  const { formats } = useSurroundings();
  const deal = session.model.value?.deal;
  const asked = session.terms.value("lease_miles_per_year", deal?.structure.lease_miles_per_year ?? null);
  const chosen = typeof asked === "number" ? asked : null;
  const choices = [...new Set([...grid.miles_per_year, ...(chosen === null ? [] : [chosen])])].sort((a, b) => a - b);
  return (
    <div class="grid-selector">
      <label>
        Miles a year
        <select
          name="lease-miles"
          // Not taken away with the deal's next state: the grid beneath would move.
          disabled={!deal || !session.can("terms") || !isEditable(deal)}
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

/** A leased cell: the payment with tax, what is due at signing and, for the desk, what the lease is worth. */
function LeaseCell({ grid, standing }: { grid: LeaseGrid; standing: Standing }) {
  const { formats } = useSurroundings();
  const { row, column } = standing.at;
  const eligible = grid.eligible[row]?.[column] ?? false;
  const payment = grid.payment_cents[row]?.[column];
  const due = grid.due_at_signing_cents[row]?.[column];
  const value = grid.lease_value_cents?.[row]?.[column];
  const limit = grid.binding?.[row]?.[column];
  const sum = grid.total_of_payments_cents[row]?.[column];
  const amount = payment == null ? null : formats.cents(payment);
  const total = sum == null ? null : `total of payments ${formats.cents(sum)}`;
  return (
    <GridCell
      standing={standing}
      place={`${grid.terms_months[row]} months, ${formats.dollars(grid.cash_down_cents[column] ?? 0)} down`}
      lines={[
        ...lineOf(amount, "payment"),
        ...lineOf(due == null ? null : formats.dollars(due), "due at signing", "total"),
        ...lineOf(
          eligible && value != null ? formats.dollars(value) : null,
          "value of the lease",
          value != null && value < 0 ? "negative" : "",
        ),
      ]}
      reason={eligible ? null : limit ? sentence(limitText(limit)) : "Not possible"}
      title={total ?? undefined}
    />
  );
}
