import { useEffect } from "preact/hooks";

/** Closes an open menu on a click elsewhere and on Escape. */
export function useCloseOutside(menu: { current: HTMLDetailsElement | null }): void {
  useEffect(() => {
    const onPointer = (event: Event) => {
      if (menu.current?.open && !menu.current.contains(event.target as Node)) menu.current.open = false;
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && menu.current?.open) {
        // The focus stays where the person can open it again.
        if (menu.current.contains(document.activeElement)) menu.current.querySelector("summary")?.focus();
        menu.current.open = false;
      }
    };
    addEventListener("pointerdown", onPointer);
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("pointerdown", onPointer);
      removeEventListener("keydown", onKey);
    };
  }, []);
}
