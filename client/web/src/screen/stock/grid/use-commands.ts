// What clicks and keys do in the grid.
import { isOpen } from "../../../deal/desk/steps";
import type { DealSession } from "../../../deal/session";
import { pin, retry } from "../pins/giving";
import type { GridCursor } from "./use-cursor";

export interface Commands {
  click(event: MouseEvent): void;
  keyDown(event: KeyboardEvent, page: number): void;
  /** Chooses the next offer whose rank changes under stress. */
  nextTurned(): void;
}

/** The id of the menu that the key opens. */
export const SORT_MENU = "sort-menu";

export function useCommands(session: DealSession, cursor: GridCursor, show: (row: number) => void): Commands {
  const { grid } = session;

  function act(name: string | undefined, car: string): void {
    const deal = session.model.value?.deal;
    if (name === "compare") grid.marks.press(car);
    else if (name === "retry") retry(session, [car]);
    else if (name === "pin" && deal && isOpen(deal) && session.can("select")) pin(session, car);
    else if (name === "choose") grid.select(car);
  }

  function key(event: KeyboardEvent, page: number): boolean {
    const { cell } = cursor;
    const car = carAt(session, cell.row);
    // A button in a cell, or in the head, has the keys that press it.
    const button = (event.target as HTMLElement).closest("button") !== null;
    if (button && (event.key === "Enter" || event.key === " ")) return false;
    if (cursor.press(event, page)) return true;
    if (event.ctrlKey) return false;
    const actions: Record<string, string> = { enter: "choose", p: "pin", c: "compare" };
    const name = actions[event.key.toLowerCase()];
    if (name && car !== null) act(name, car);
    else if (event.key.toLowerCase() === "r") grid.settle();
    else if (event.key.toLowerCase() === "s") openSort();
    else return false;
    return true;
  }

  return {
    click(event) {
      const target = event.target as HTMLElement;
      const car = target.closest<HTMLElement>("[data-car]")?.dataset.car;
      if (car === undefined) return;
      const cell = target.closest<HTMLElement>("[data-column]");
      const row = grid.placeOnScreen(car, cursor.cell.row);
      cursor.follow({ row, column: Number(cell?.dataset.column ?? 0) });
      const name = target.closest<HTMLElement>("[data-act]")?.dataset.act;
      act(name ?? "choose", car);
    },
    keyDown(event, page) {
      if (event.metaKey || event.altKey || !key(event, page)) return;
      event.preventDefault();
    },
    nextTurned() {
      const { shown, rows, ranks } = grid.picture.value;
      const at = shown.findIndex((place) => rows[place]!.vehicle_id === grid.selected.value);
      const flagged = shown.flatMap((place, i) => (ranks.at(place)?.turns ? [i] : []));
      const next = flagged.find((i) => i > at) ?? flagged[0];
      if (next === undefined) return;
      grid.select(rows[shown[next]!]!.vehicle_id);
      show(next);
    },
  };
}

function carAt(session: DealSession, row: number): string | null {
  const { shown, rows } = session.grid.picture.value;
  return rows[shown[row] ?? -1]?.vehicle_id ?? null;
}

function openSort(): void {
  const menu = document.getElementById(SORT_MENU) as HTMLDetailsElement | null;
  if (!menu) return;
  menu.open = true;
  menu.querySelector("summary")?.focus();
}
