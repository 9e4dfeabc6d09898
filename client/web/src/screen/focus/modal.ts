import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Where the focus goes if what opened a dialog is gone when it closes: where the page's steps are. */
const FALLBACKS = ".desk-bar, .wall-item.opened [data-row], #queue";

/** Opens a dialog over the page. When it is gone, the focus is where it came from, or at the steps: never nowhere. */
export function useModal(dialog: RefObject<HTMLDialogElement | null>): void {
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => void requestAnimationFrame(() => refocus(opener));
  }, []);
}

/** Gives a focus that was lost to `wanted`, or to where the page's steps are. */
function refocus(wanted: HTMLElement | null): void {
  if (document.activeElement !== document.body || document.querySelector("dialog[open]")) return;
  wanted?.focus();
  if (document.activeElement === document.body) document.querySelector<HTMLElement>(FALLBACKS)?.focus();
}
