import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Fit, fitting } from "../../../deal/pencil/fitting";
import { type Cell, cellAfter } from "../../../deal/pencil/pencil-cells";
import { useRem } from "../../parts/rem";
import { useSurroundings } from "../../parts/surroundings";
import { GridWindow } from "./grid-window";

/** The widths of the row heads, and of the narrowest column, in rem. */
const HEADS = 5.25;
const LEAST_COLUMN = 4.375;

/** How a cell stands in its table. */
export interface Standing {
  at: Cell;
  /** Whether it is the shown one. */
  here: boolean;
  /** Whether Tab leads to it. */
  reached: boolean;
  choose(): void;
}

interface Props {
  /** The id of the heading that names it. */
  titleId: string;
  stale: boolean;
  cash: number[];
  rows: { term: number; class?: string; head: ComponentChildren }[];
  /** The cell that is shown beside the grid; -1 where there is none. */
  shown: Cell;
  isOverMax(column: number): boolean;
  cell(standing: Standing): ComponentChildren;
  choose(at: Cell): void;
  /** Enter on the cell that is shown already. */
  apply?: (() => void) | undefined;
}

/** Terms by cash down: the frame of every grid. Arrow keys move within it, and one cell at a time is in the tab order. */
export function GridTable(props: Props) {
  const { titleId, stale, cash, rows, shown, isOverMax, cell, choose, apply } = props;
  const { formats } = useSurroundings();
  const table = useRef<HTMLTableElement>(null);
  const focus = useSignal<Cell>({ row: -1, column: -1 });
  const inside = focus.value.row in rows && focus.value.column in cash;
  const roving = inside ? focus.value : { row: Math.max(0, shown.row), column: Math.max(0, shown.column) };
  const rem = useRem();
  const fit = useFit(table, rem, cash.length);

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter" && apply && roving.row === shown.row && roving.column === shown.column) {
      event.preventDefault();
      // A key that is held down has shown the cell, and applies nothing.
      if (!event.repeat) apply();
      return;
    }
    const next = cellAfter(event.key, roving, rows.length, cash.length);
    if (!next) return;
    focus.value = next;
    table.current?.querySelector<HTMLButtonElement>(`[data-cell="${next.row}-${next.column}"]`)?.focus();
    event.preventDefault();
  }

  const standing = (at: Cell): Standing => ({
    at,
    here: at.row === shown.row && at.column === shown.column,
    reached: at.row === roving.row && at.column === roving.column,
    choose: () => {
      focus.value = at;
      choose(at);
    },
  });
  return (
    <GridWindow fit={fit} cash={cash} wanted={shown.column}>
      <table
        ref={table}
        role="grid"
        aria-labelledby={titleId}
        aria-busy={stale}
        onKeyDown={onKeyDown}
        style={{ width: `${HEADS * rem + cash.length * fit.width}px` }}
      >
        <colgroup>
          <col class="heads" />
          <col span={cash.length} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col" class="corner">
              Cash down
            </th>
            {cash.map((cents, column) => (
              <th key={`${column} ${cents}`} scope="col">
                {formats.dollars(cents)}
                {isOverMax(column) && <small class="over-max">over max</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((each, row) => (
            <tr key={each.term} class={each.class}>
              {each.head}
              {cash.map((_, column) => cell(standing({ row, column })))}
            </tr>
          ))}
        </tbody>
      </table>
    </GridWindow>
  );
}

/** Returns how many columns the frame of a table has room for, as its width changes; none until that is measured. */
function useFit(table: { current: HTMLTableElement | null }, rem: number, columns: number): Fit {
  const room = useSignal(0);
  useLayoutEffect(() => {
    const frame = table.current?.parentElement;
    if (!frame) return;
    const measure = () => (room.value = frame.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(frame);
    return () => observer.disconnect();
  }, []);
  if (room.value === 0) return { shown: 0, width: LEAST_COLUMN * rem };
  return fitting(room.value, HEADS * rem, LEAST_COLUMN * rem, columns);
}
