import type { GridRow } from "../../../deal/pencil/grid-reading";
import type { QuoteGrid } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

/** The head of a row: its term, what the lines of its cells are, and how a term compares that nobody chose. */
export function GridRowHead({ row, grid }: { row: GridRow; grid: QuoteGrid }) {
  const { formats } = useSurroundings();
  const { against } = row;
  return (
    <th scope="row">
      <b>{row.term} mo</b>
      <small>Total</small>
      {grid.npv_cents && <small>NPV</small>}
      {grid.score && <small>Score</small>}
      {!row.chosen && <small class="remark">not chosen</small>}
      {against && (
        <small class={`remark ${against.beats ? "gain" : ""}`}>
          {against.beats ? "beats" : "below"} {against.term} mo
          {against.cents === null ? "" : ` by ${formats.dollars(against.cents)}`}
        </small>
      )}
    </th>
  );
}
