import type { GridRow } from "../../../deal/pencil/grid-reading";
import type { QuoteGrid } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

interface Props {
  row: GridRow;
  /** Its place in the grid. */
  at: number;
  grid: QuoteGrid;
}

/** The head of a row: its term, what the lines of its cells are, and how a term compares that was not chosen. */
export function GridRowHead({ row, at, grid }: Props) {
  const { formats } = useSurroundings();
  const { against } = row;
  const has = (cells: readonly (readonly (number | null)[])[] | undefined) =>
    cells?.[at]?.some((value, column) => value !== null && grid.eligible[at]?.[column]) ?? false;
  return (
    <th scope="row">
      <b>{row.term} mo</b>
      {grid.total_of_payments_cents?.[at]?.some((total) => total !== null) && <small aria-hidden="true">Total</small>}
      {has(grid.npv_cents) && <small aria-hidden="true">NPV</small>}
      {has(grid.score) && <small aria-hidden="true">Score</small>}
      {!row.chosen && (
        <small class={`remark ${against?.beats ? "gain" : ""}`}>
          {!against ? (
            "not chosen"
          ) : (
            <>
              <span class="visually-hidden">not chosen, </span>
              {against.cents === null
                ? `${against.beats ? "beats" : "below"} ${against.term} mo`
                : `${against.beats ? "+" : "-"}${formats.dollars(against.cents)} vs ${against.term}`}
            </>
          )}
        </small>
      )}
    </th>
  );
}
