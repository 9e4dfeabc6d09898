// The keys of the wall: which row they mean, and where the focus goes.
import { useEffect } from "preact/hooks";
import type { ShownItem } from "../../wall/hold";
import { stepped, wallKey } from "../../wall/keys";
import type { WallView } from "./wall-view";

/** Puts the focus on a row, once it is drawn; with none, on the head of the queue. A key that came before has its own. */
export function focusRow(key: string | null): void {
  const before = document.activeElement;
  requestAnimationFrame(() => {
    const at = document.activeElement;
    if (at === before || at === document.body) (opener(key) ?? document.getElementById("queue"))?.focus();
  });
}

function opener(key: string | null): HTMLElement | null {
  return key === null ? null : document.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
}

/** The row with the focus; null if it is elsewhere. */
export function focused(): string | null {
  const row = document.activeElement?.closest(".wall-item")?.querySelector<HTMLElement>("[data-row]");
  return row?.dataset.row ?? null;
}

export function useWallKeys(view: WallView): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // A dialog has keys of its own.
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const wanted = wallKey(event, isTyping(event.target as HTMLElement));
      if (!wanted) return;
      event.preventDefault();
      if (wanted === "next" || wanted === "previous") {
        const keys = view.items.map(({ key }) => key);
        const target = opener(stepped(keys, focused(), wanted === "next" ? 1 : -1));
        target?.focus();
        target?.scrollIntoView({ block: "nearest" });
      } else {
        const item = meant(view, wanted === "open");
        if (item && wanted === "open") view.toggle(item);
        else if (item && wanted !== "open") view.answer(item, wanted);
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [view]);
}

/** The deal that a key is about: the open one, else the one with the focus, else the oldest that waits. */
function meant(view: WallView, opening: boolean): ShownItem | undefined {
  const open = view.opened.value?.key ?? null;
  const at = focused();
  const first = view.shown.value.find(({ name }) => name === "waiting")?.items.find(({ gone }) => !gone);
  return view.item(opening ? (at ?? open) : (open ?? at)) ?? first;
}

function isTyping(target: HTMLElement): boolean {
  return target.matches("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]");
}
