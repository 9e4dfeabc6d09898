import { useEffect } from "preact/hooks";
import { openLayer } from "./layers";

/** Closes an open menu on a click elsewhere, and on Escape if nothing opened over it. */
export function useCloseOutside(menu: { current: HTMLDetailsElement | null }): void {
  useEffect(() => {
    const details = menu.current;
    let leave: (() => void) | undefined;
    const onPointer = (event: Event) => {
      if (menu.current?.open && !menu.current.contains(event.target as Node)) menu.current.open = false;
    };
    const close = () => {
      if (!menu.current) return;
      // The focus stays where the person can open it again.
      if (menu.current.contains(document.activeElement)) menu.current.querySelector("summary")?.focus();
      menu.current.open = false;
    };
    const onToggle = () => {
      leave?.();
      leave = details?.open ? openLayer({ place: () => menu.current, close }) : undefined;
    };
    addEventListener("pointerdown", onPointer);
    details?.addEventListener("toggle", onToggle);
    return () => {
      removeEventListener("pointerdown", onPointer);
      details?.removeEventListener("toggle", onToggle);
      leave?.();
    };
  }, []);
}
