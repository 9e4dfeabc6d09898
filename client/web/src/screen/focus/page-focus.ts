import { useEffect, useRef } from "preact/hooks";
import type { Route } from "../../router";

/**
 * Another page begins at its title: the focus of the one before is gone, and nobody looks for it. A page whose script
 * is still to come has none; `script` changes when it is here.
 */
export function usePageFocus(route: Route, ...script: unknown[]): void {
  const begun = useRef(route);
  useEffect(() => {
    const title = document.querySelector<HTMLElement>("h1");
    if (begun.current === route || !title) return;
    begun.current = route;
    if (document.activeElement !== document.body) return;
    title.tabIndex = -1;
    title.focus();
  }, [route, ...script]);
}
