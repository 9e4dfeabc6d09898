import type { Column } from "../../../deal/stock/columns";
import { nextOrder } from "../../../deal/stock/columns";
import type { Grid } from "../../../deal/stock/grid";

interface Props {
  columns: readonly Column[];
  grid: Grid;
  tracks: string;
  /** The column of the head that the keyboard reaches; null: none. */
  cursor: number | null;
}

/** The names of the columns; each sorts. */
export function GridHead({ columns, grid, tracks, cursor }: Props) {
  const { order } = grid.picture.value;
  return (
    <div role="rowgroup" class="grid-heads">
      <div class="grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks }}>
        {columns.map((column, i) => {
          const direction = order.key !== column.key ? "none" : order.descending ? "descending" : "ascending";
          return (
            <div
              key={column.key}
              role="columnheader"
              aria-sort={direction}
              aria-colindex={i + 1}
              class={column.number ? "number" : ""}
            >
              <button
                type="button"
                data-column={i}
                tabIndex={cursor === i ? 0 : -1}
                onClick={() => grid.sortBy(nextOrder(order, column.key))}
              >
                {column.label}
                <span class={`arrow ${direction}`} aria-hidden="true" />
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}
