// The keyboard in the grid: one cell is in the tab order, the arrow keys move it, and it stays on its car.
import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Cell, type Cursor, destination } from "../../../deal/stock/chosen/cursor";
import type { Grid } from "../../../deal/stock/grid";
import type { GridPicture } from "../../../deal/stock/picture";
import { rowId } from "./grid-row";

export interface GridCursor {
  /** The cell in the tab order, as it is on the screen now. */
  cell: Cell;
  /** Moves by a key; returns whether it leads anywhere. */
  press(event: KeyboardEvent, page: number): boolean;
  /** Moves to a cell, with the focus. */
  go(cell: Cell): void;
  /** Moves to where the focus came by itself. */
  follow(cell: Cell): void;
}

/** Follows the keyboard. `show` brings a row in sight. */
export function useCursor(
  scroller: RefObject<HTMLElement | null>,
  grid: Grid,
  columns: number,
  show: (row: number) => void,
): GridCursor {
  const cursor = useSignal<Cursor | null>(null);
  const picture = grid.picture.value;
  const last = useRef<Cell>({ row: 0, column: 0 });
  const wants = useRef(false);
  const cell = cellOf(cursor, picture, grid, columns, last.current);
  last.current = cell;
  // A row that is drawn at another place, or is gone, takes the focus with it.
  const focused = isInCells(scroller.current, document.activeElement);

  useLayoutEffect(() => {
    const lost =
      focused && !isInCells(scroller.current, document.activeElement) && document.activeElement === document.body;
    if (!wants.current && !lost) return;
    wants.current = false;
    elementOf(scroller.current, cell, picture)?.focus({ preventScroll: true });
  });

  const follow = (to: Cell): void => {
    const row = picture.rows[picture.shown[to.row] ?? -1];
    cursor.value = { car: to.row < 0 ? null : (row?.vehicle_id ?? null), column: to.column };
  };
  const go = (to: Cell): void => {
    follow(to);
    if (to.row >= 0) show(to.row);
    wants.current = true;
  };
  return {
    cell,
    go,
    follow,
    press(event, page) {
      const to = destination(event, cell, { rows: picture.shown.length, columns, page });
      if (to) go(to);
      return to !== null;
    },
  };
}

/** Where the cursor is now. If its car is gone, the row in its place has it; at first, the first row. */
function cellOf(cursor: Signal<Cursor | null>, picture: GridPicture, grid: Grid, columns: number, before: Cell): Cell {
  const rows = picture.shown.length;
  const column = Math.min(cursor.value?.column ?? 0, columns - 1);
  if (rows === 0 || cursor.value?.car === null) return { row: -1, column };
  if (cursor.value === null) return { row: 0, column };
  const row = grid.placeOnScreen(cursor.value.car, before.row);
  return { row: row >= 0 ? row : Math.min(Math.max(0, before.row), rows - 1), column };
}

function isInCells(scroller: HTMLElement | null, element: Element | null): boolean {
  return scroller !== null && element !== null && element !== scroller && scroller.contains(element);
}

/** Returns the element of a cell; a cell that spans several columns stands for each of them. */
function elementOf(scroller: HTMLElement | null, { row, column }: Cell, picture: GridPicture): HTMLElement | null {
  const car = picture.rows[picture.shown[row] ?? -1]?.vehicle_id;
  const line = row < 0 ? scroller?.querySelector(".grid-head") : car && document.getElementById(rowId(car));
  const cells = [...(line || document.createElement("p")).querySelectorAll<HTMLElement>("[data-column]")];
  return cells.findLast((each) => Number(each.dataset.column) <= column) ?? null;
}
