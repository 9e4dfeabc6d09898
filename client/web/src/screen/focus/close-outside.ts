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
    // The event "toggle" comes later, when something else may have opened over it.
    const opening = new MutationObserver(() => {
      leave();
      leave = element.open ? openLayer({ place: () => element, close }) : () => {};
    });
    const onPointer = (event: Event) => {
      if (element.open && !element.contains(event.target as Node)) element.open = false;
    };
    opening.observe(element, { attributeFilter: ["open"] });
    addEventListener("pointerdown", onPointer);
    return () => {
      leave();
      opening.disconnect();
      removeEventListener("pointerdown", onPointer);
    };
  }, []);
}
