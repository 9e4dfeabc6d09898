import type { Standing } from "./grid-table";

/** A line of a cell: the text on the screen, and what it is, for somebody who only hears the text. */
export interface Line {
  text: string;
  what: string;
  kind?: string;
}

interface Props {
  standing: Standing;
  /** The term and the cash down of the cell, in words. */
  place: string;
  /** The payment, and smaller lines beneath it; empty if there is no structure. */
  lines: readonly Line[];
  /** Why the cell is not possible; null: it is. */
  reason: string | null;
  title?: string | undefined;
}

/** One cell of a payment grid, whatever it shows: a press shows its structure. */
export function GridCell({ standing, place, lines, reason, title }: Props) {
  const { at, here, reached, choose } = standing;
  const [first, ...beneath] = lines;
  return (
    <td role="gridcell" aria-selected={here}>
      <button
        type="button"
        data-cell={`${at.row}-${at.column}`}
        tabIndex={reached ? 0 : -1}
        class={`${reason === null ? "" : "out"} ${here ? "here" : ""}`}
        title={reason ?? title}
        onClick={choose}
      >
        {/* Each line is named by what it is; the first is the payment. The title says the reason. */}
        <span class="visually-hidden">{place}: </span>
        {first?.text ?? "–"}
        {beneath.map((line) => (
          <>
            <span class="visually-hidden">, {line.what}</span> <small class={line.kind ?? ""}>{line.text}</small>
          </>
        ))}
      </button>
    </td>
  );
}

/** A line, unless there is nothing to show. */
export function lineOf(text: string | null, what: string, kind = ""): Line[] {
  return text === null ? [] : [{ text, what, kind }];
}
