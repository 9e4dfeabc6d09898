import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Cell, cellAfter } from "../../../deal/pencil/pencil-cells";
import { useSurroundings } from "../../parts/surroundings";

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
}

/** Terms by cash down: the frame of every grid. Arrow keys move within it, and one cell at a time is in the tab order. */
export function GridTable({ titleId, stale, cash, rows, shown, isOverMax, cell, choose }: Props) {
  const { formats } = useSurroundings();
  const table = useRef<HTMLTableElement>(null);
  const focus = useSignal<Cell>({ row: -1, column: -1 });
  const inside = focus.value.row in rows && focus.value.column in cash;
  const roving = inside ? focus.value : { row: Math.max(0, shown.row), column: Math.max(0, shown.column) };

  const shownCash = cash[shown.column];
  useLayoutEffect(() => reveal(table.current), [shownCash, cash.length]);

  function onKeyDown(event: KeyboardEvent): void {
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
    <div class="pencil-frame">
      <table ref={table} role="grid" aria-labelledby={titleId} aria-busy={stale} onKeyDown={onKeyDown}>
        <thead>
          <tr>
            <th scope="col" class="corner">
              Cash down
            </th>
            {cash.map((cents, column) => (
              <th key={cents} scope="col" title={formats.cents(cents)}>
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
    </div>
  );
}

/**
 * Scrolls the frame sideways until the shown cell stands in it, clear of the heads that stay in place. It begins with a
 * whole column: half a column would show half an amount.
 */
function reveal(table: HTMLTableElement | null): void {
  const frame = table?.parentElement;
  const cell = table?.querySelector<HTMLElement>("td[aria-selected=true]");
  const row = cell?.parentElement;
  const head = row?.querySelector("th");
  if (!frame || !cell || !row || !head) return;
  frame.style.paddingRight = "";
  const least = cell.offsetLeft + cell.offsetWidth - frame.clientWidth;
  const starts = [...row.querySelectorAll("td")].map((each) => each.offsetLeft - head.offsetWidth);
  const wanted = starts.find((start) => start >= least) ?? 0;
  const most = frame.scrollWidth - frame.clientWidth;
  if (wanted > most) frame.style.paddingRight = `${wanted - most}px`;
  frame.scrollLeft = wanted;
}
