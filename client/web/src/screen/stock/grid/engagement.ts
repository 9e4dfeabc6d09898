import { useEffect } from "preact/hooks";
import type { Grid } from "../../../deal/stock/grid";

/**
 * Tells the grid whether the person is in it: moving the pointer there, with the focus in it, or scrolled down. A
 * pointer that merely rests where the grid appeared does not count.
 */
export function useEngagement(scroller: { current: HTMLDivElement | null }, grid: Grid): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let pointed = false;
    const update = () =>
      (grid.engaged.value = pointed || element.contains(document.activeElement) || element.scrollTop > 0);
    const listeners: Record<string, (event: Event) => void> = {
      pointermove: (event) => {
        const { movementX, movementY } = event as PointerEvent;
        pointed ||= movementX !== 0 || movementY !== 0;
        update();
      },
      pointerleave: () => {
        pointed = false;
        update();
      },
      focusin: update,
      focusout: update,
      scroll: update,
    };
    for (const [name, listener] of Object.entries(listeners))
      element.addEventListener(name, listener, { passive: true });
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
    };
  }, [grid]);
}
