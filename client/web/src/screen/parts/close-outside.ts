import { useEffect } from "preact/hooks";
import { openLayer } from "./layers";

/** Closes an open menu on a click elsewhere, and on Escape if nothing was opened later. */
export function useCloseOutside(menu: { current: HTMLDetailsElement | null }): void {
  useEffect(() => {
    const element = menu.current;
    if (!element) return;
    let leave = () => {};
    const close = () => {
      // The focus stays where the person can open it again.
      if (element.contains(document.activeElement)) element.querySelector("summary")?.focus();
      element.open = false;
    };
    const onToggle = () => {
      leave();
      leave = element.open ? openLayer({ place: () => element, close }) : () => {};
    };
    const onPointer = (event: Event) => {
      if (element.open && !element.contains(event.target as Node)) element.open = false;
    };
    element.addEventListener("toggle", onToggle);
    addEventListener("pointerdown", onPointer);
    return () => {
      leave();
      element.removeEventListener("toggle", onToggle);
      removeEventListener("pointerdown", onPointer);
    };
  }, []);
}
