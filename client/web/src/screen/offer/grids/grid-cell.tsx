import type { ComponentChildren } from "preact";
import type { Standing } from "./grid-table";

interface Props {
  standing: Standing;
  /** The term and the cash down of the cell, in words. */
  place: string;
  /** What the cell costs, for who cannot see it; parts that there are none of are left out. */
  spoken: readonly (string | null)[];
  /** Why the cell is not possible; null: it is. */
  reason: string | null;
  title?: string | undefined;
  children: ComponentChildren;
}

/** One cell of a payment grid, whatever it shows: a press shows its structure. */
export function GridCell({ standing, place, spoken, reason, title, children }: Props) {
  const { at, here, reached, choose } = standing;
  const said = [...spoken, reason].filter((part): part is string => part !== null);
  return (
    <td role="gridcell" aria-selected={here}>
      <button
        type="button"
        data-cell={`${at.row}-${at.column}`}
        tabIndex={reached ? 0 : -1}
        class={`${reason === null ? "" : "out"} ${here ? "here" : ""}`}
        title={reason ?? title}
        aria-label={`${place}: ${said.join(", ")}`}
        onClick={choose}
      >
        {children}
      </button>
    </td>
  );
}
