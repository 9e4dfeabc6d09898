import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { moved, NAMED_BY, toggled } from "../../../deal/stock/chosen/chosen-columns";
import type { Column } from "../../../deal/stock/columns";
import { useCloseOutside } from "../../focus/close-outside";
import type { ColumnChoice } from "./use-columns";

/** Chooses the columns and their order: those on the screen first, then the others. */
export function ColumnMenu({ choice }: { choice: ColumnChoice }) {
  const open = useSignal(false);
  const menu = useRef<HTMLDetailsElement>(null);
  useCloseOutside(menu);
  return (
    <details class="menu choice" ref={menu} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>Columns</summary>
      <div class="menu-body to-left columns-body" role="group" aria-label="Columns">
        {open.value && <Lines choice={choice} />}
      </div>
    </details>
  );
}

function Lines({ choice }: { choice: ColumnChoice }) {
  const { available, shown, keys, change } = choice;
  const named = new Set(shown.map((column) => column.key));
  const hidden = available.filter((column) => !named.has(column.key));
  const movable = shown.filter((column) => column.key !== NAMED_BY);
  const toggle = (column: Column) => change(toggled(keys, column.key));
  return (
    <>
      <ul class="column-list" aria-label="Shown, in this order">
        {movable.map((column, i) => (
          <li key={column.key}>
            <Toggle column={column} shown toggle={toggle} />
            {([-1, 1] as const).map((by) => (
              <button
                key={by}
                type="button"
                class={`tool ${by < 0 ? "up" : "down"}`}
                aria-label={`Move ${column.label} ${by < 0 ? "left" : "right"}`}
                aria-disabled={movable[i + by] === undefined}
                onClick={() => change(moved(keys, column.key, by, named))}
              />
            ))}
          </li>
        ))}
      </ul>
      <ul class="column-list" aria-label="Not shown">
        {hidden.map((column) => (
          <li key={column.key}>
            <Toggle column={column} shown={false} toggle={toggle} />
          </li>
        ))}
      </ul>
      <button type="button" class="link any" onClick={() => change(null)}>
        Usual columns
      </button>
    </>
  );
}

interface ToggleProps {
  column: Column;
  shown: boolean;
  toggle(column: Column): void;
}

function Toggle({ column, shown, toggle }: ToggleProps) {
  return (
    <label>
      <input type="checkbox" checked={shown} onChange={() => toggle(column)} />
      <span>{column.name}</span>
    </label>
  );
}
