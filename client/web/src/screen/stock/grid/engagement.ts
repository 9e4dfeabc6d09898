import { useEffect, useRef } from "preact/hooks";
import type { Grid } from "../../../deal/stock/grid";

/**
 * Tells the grid whether the person is in it: moving the pointer there, with the focus in it, or scrolled down. A
 * pointer that merely rests where the grid appeared does not count. Returns what takes where the grid is scrolled to.
 */
export function useEngagement(scroller: { current: HTMLDivElement | null }, grid: Grid): (top: number) => void {
  const scrolled = useRef<(top: number) => void>(() => {});
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let pointed = false;
    let down = element.scrollTop > 0;
    const update = () => (grid.engaged.value = pointed || down || element.contains(document.activeElement));
    scrolled.current = (top) => {
      down = top > 0;
      update();
    };
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
    };
    for (const [name, listener] of Object.entries(listeners))
      element.addEventListener(name, listener, { passive: true });
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
    };
  }, [grid]);
  return (top) => scrolled.current(top);
}
