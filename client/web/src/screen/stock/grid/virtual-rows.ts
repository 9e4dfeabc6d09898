// Which rows of a long list are in sight. All have one height, so nothing is kept for a row that is not drawn.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";

/** Rows that are drawn above and below those in sight: a fast wheel shows no gap. */
const OVERSCAN = 6;

export interface Sight {
  /** The first row that is drawn, and the one after the last. */
  first: number;
  end: number;
}

export interface Extent {
  count: number;
  rowHeight: number;
  /** Height of the sticky content above the first row inside the scroller. */
  headHeight: number;
}

/** Returns the rows to draw of a list that is scrolled to `top` in a window of `height`. */
function sightOf(top: number, height: number, { count, rowHeight, headHeight }: Extent): Sight {
  const above = Math.floor(top / rowHeight) - OVERSCAN;
  const below = Math.ceil((top + height - headHeight) / rowHeight) + OVERSCAN;
  const end = Math.max(0, Math.min(count, below));
  return { first: Math.min(Math.max(0, above), end), end };
}

/** Returns where to scroll so that a row is in sight as a whole; the same if it is. */
function scrolledTo(row: number, top: number, height: number, { rowHeight, headHeight }: Extent): number {
  const start = row * rowHeight;
  const least = start + rowHeight + headHeight - height;
  return Math.max(least, Math.min(top, start));
}

/**
 * Follows the scroller; the component draws again when other rows come in sight. `scrolled` hears where the list is: a
 * listener of its own would ask the page after these rows are drawn, and make it lay out twice in a frame.
 */
export function useVirtualRows(
  scroller: RefObject<HTMLDivElement | null>,
  extent: Extent,
  scrolled: (top: number) => void,
) {
  const [, redraw] = useReducer<number, void>((turn) => turn + 1, 0);
  const at = useRef({ top: 0, height: 0, extent });
  at.current.extent = extent;
  const sight = sightOf(at.current.top, at.current.height, extent);
  const drawn = useRef(sight);
  drawn.current = sight;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const update = () => {
      at.current.top = element.scrollTop;
      at.current.height = element.clientHeight;
      scrolled(at.current.top);
      const { first, end } = sightOf(at.current.top, at.current.height, at.current.extent);
      if (first !== drawn.current.first || end !== drawn.current.end) redraw();
    };
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener("scroll", update, { passive: true });
    update();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", update);
    };
  }, []);
  // A shorter list scrolls by itself, without an event before it is drawn.
  useEffect(() => {
    at.current.top = scroller.current?.scrollTop ?? 0;
  }, [extent.count, extent.rowHeight]);
  return {
    ...sight,
    total: extent.count * extent.rowHeight,
    show(row: number): void {
      const element = scroller.current;
      if (element) element.scrollTop = scrolledTo(row, element.scrollTop, element.clientHeight, at.current.extent);
    },
  };
}
