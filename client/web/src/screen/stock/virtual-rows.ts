// TanStack Virtual for Preact: which rows of a long list are in sight.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useReducer } from "preact/hooks";

interface Options {
  count: number;
  rowHeight: number;
  /** Height of the sticky content above the first row inside the scroller. */
  headHeight: number;
  scroller: RefObject<HTMLDivElement | null>;
}

/** Returns a virtualizer over `count` rows of one height; the component draws again when other rows come in sight. */
export function useVirtualRows({
  count,
  rowHeight,
  headHeight,
  scroller,
}: Options): Virtualizer<HTMLDivElement, Element> {
  const [, redraw] = useReducer<number, void>((turn) => turn + 1, 0);
  const options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => scroller.current,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    scrollPaddingStart: headHeight,
    overscan: 12,
    onChange: () => redraw(),
  };
  const virtualizer = useMemo(() => new Virtualizer<HTMLDivElement, Element>(options), []);
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}
