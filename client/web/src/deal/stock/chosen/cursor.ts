// Where the keyboard is in the grid, and where a key leads: a cell of a car's row, or of the head. Pure.

export interface Cursor {
  /** The car of the row; null: the head. */
  car: string | null;
  /** The place of the column. */
  column: number;
}

export interface Cell {
  /** The place of the row on the screen; -1 is the head. */
  row: number;
  column: number;
}

export interface Extent {
  rows: number;
  columns: number;
  /** How many rows a page has. */
  page: number;
}

export interface Press {
  key: string;
  ctrlKey: boolean;
}

/** Returns the cell that a key leads to, or null for a key that leads nowhere. The head is above the first row. */
export function destination({ key, ctrlKey }: Press, { row, column }: Cell, extent: Extent): Cell | null {
  const last = { row: extent.rows - 1, column: extent.columns - 1 };
  const to = (target: Cell): Cell => ({
    row: clamped(target.row, -1, last.row),
    column: clamped(target.column, 0, last.column),
  });
  const top = Math.min(0, last.row);
  switch (key) {
    case "ArrowDown":
      return to({ row: row + 1, column });
    case "ArrowUp":
      return to({ row: row - 1, column });
    case "ArrowRight":
      return to({ row, column: column + 1 });
    case "ArrowLeft":
      return to({ row, column: column - 1 });
    case "Home":
      return ctrlKey ? { row: top, column: 0 } : { row, column: 0 };
    case "End":
      return ctrlKey ? last : { row, column: last.column };
    case "PageDown":
      return to({ row: Math.max(0, row) + extent.page, column });
    case "PageUp":
      return to({ row: Math.max(top, row - extent.page), column });
    default:
      return null;
  }
}

function clamped(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
