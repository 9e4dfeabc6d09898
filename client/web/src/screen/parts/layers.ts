// What lies open over the page, the last one on top: Escape closes that one alone.
import { useEffect, useRef } from "preact/hooks";

interface Layer {
  close(): void;
  /** What lies open; an open dialog hides every layer outside it from the keyboard. */
  holds(node: Node | null): boolean;
}

const layers: Layer[] = [];

function onEscape(event: KeyboardEvent): void {
  // Whoever took the key first had something of its own to undo.
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const dialog = document.querySelector("dialog[open]");
  const top = layers.findLast((layer) => dialog === null || layer.holds(dialog));
  if (!top) return;
  event.preventDefault();
  // At once: it may be drawn as open until the next frame, and another key may come before.
  layers.splice(layers.indexOf(top), 1);
  top.close();
}

/** Puts something open on top until the returned function is called. */
export function opened(layer: Layer): () => void {
  if (layers.length === 0) addEventListener("keydown", onEscape);
  layers.push(layer);
  return () => {
    const at = layers.indexOf(layer);
    if (at >= 0) layers.splice(at, 1);
    if (layers.length === 0) removeEventListener("keydown", onEscape);
  };
}

/** While `open`, Escape calls `close` if nothing was opened later. */
export function useLayer(open: boolean, close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!open) return;
    return opened({ close: () => latest.current(), holds: () => false });
  }, [open]);
}
