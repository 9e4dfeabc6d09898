import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { type Column, nextOrder } from "../../../deal/stock/columns";
import { useCloseOutside } from "../../focus/close-outside";
import { SORT_MENU } from "../grid/use-commands";

/** Orders the cars by any column, also by one that is not shown. */
export function SortMenu({ session, columns }: { session: DealSession; columns: readonly Column[] }) {
  const open = useSignal(false);
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  // The arrow keys go on from the present order.
  useLayoutEffect(() => {
    if (open.value) menu.current?.querySelector<HTMLInputElement>("input:checked")?.focus();
  }, [open.value]);
  const { grid } = session;
  const { order } = grid.picture.value;
  const sorted = columns.find((column) => column.key === order.key);
  return (
    <details
      class="menu choice sort"
      id={SORT_MENU}
      ref={menu}
      onToggle={(event) => (open.value = event.currentTarget.open)}
    >
      <summary>
        <span>Sort: {sorted?.label}</span>
        <span class="visually-hidden">, {order.descending ? "greatest" : "least"} first</span>
        <span class={`arrow ${order.descending ? "descending" : "ascending"}`} aria-hidden="true" />
      </summary>
      <div
        class="menu-body to-left"
        role="group"
        aria-label="Sort"
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.target as HTMLElement).matches("input")) back(menu.current);
        }}
      >
        {open.value && (
          <>
            <div class="facet-lines">
              {columns.map((column) => (
                <label key={column.key}>
                  <input
                    type="radio"
                    name="sort"
                    checked={column.key === order.key}
                    onChange={() => grid.sortBy(nextOrder(order, column.key))}
                  />
                  <span>{column.name}</span>
                </label>
              ))}
            </div>
            <button
              type="button"
              class="link any"
              onClick={() => grid.sortBy({ ...order, descending: !order.descending })}
            >
              {order.descending ? "Least first" : "Greatest first"}
            </button>
          </>
        )}
      </div>
    </details>
  );
}

/** Closes the menu and goes on in the grid. */
function back(menu: HTMLDetailsElement | null): void {
  if (menu) menu.open = false;
  document.querySelector<HTMLElement>(".grid [data-column][tabindex='0']")?.focus();
}
