import { useEffect, useRef } from "preact/hooks";
import type { Route } from "../../router";

/** Another page begins at its title: the focus of the one before is gone, and nobody looks for it. */
export function usePageFocus(route: Route): void {
  const first = useRef(route);
  useEffect(() => {
    if (first.current === route) return;
    const title = document.querySelector<HTMLElement>("h1");
    if (!title || document.activeElement !== document.body) return;
    title.tabIndex = -1;
    title.focus();
  }, [route]);
}
