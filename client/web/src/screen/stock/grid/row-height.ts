// The heights of a row and of the head in whole pixels: the tokens are in rem, and follow the person's font size and 4K.
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export interface Heights {
  row: number;
  head: number;
}

/** Before the first measure: the tokens at the usual font size. */
const USUAL: Heights = { row: 30, head: 32 };

/** Measures the rule, whose height is a row's and whose width is the head's, and draws again when they change. */
export function useHeights(rule: RefObject<HTMLElement | null>): Heights {
  const [heights, setHeights] = useState(USUAL);
  useLayoutEffect(() => {
    const element = rule.current;
    if (!element) return;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      // A page that is not laid out has no heights.
      if (height === 0) return;
      const now = { row: Math.round(height), head: Math.round(width) };
      setHeights((known) => (known.row === now.row && known.head === now.head ? known : now));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return heights;
}
