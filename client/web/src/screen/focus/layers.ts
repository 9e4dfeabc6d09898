// What lies over the page, in the order in which it opened: Escape closes what opened last, and nothing else.
import { useLayoutEffect, useRef } from "preact/hooks";

interface Layer {
  /** Where it is on the page; null before it is drawn. */
  place(): Element | null;
  close(): void;
}

const stack: Layer[] = [];

/** Puts a layer on top; returns what takes it away. */
export function openLayer(layer: Layer): () => void {
  if (stack.length === 0) addEventListener("keydown", onKeyDown);
  stack.push(layer);
  return () => {
    const at = stack.indexOf(layer);
    if (at >= 0) stack.splice(at, 1);
    if (stack.length === 0) removeEventListener("keydown", onKeyDown);
  };
}

function onKeyDown(event: KeyboardEvent): void {
  // A field that took the key for itself, such as to undo what was typed, has handled it.
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const top = topOf(stack, document.querySelectorAll("dialog:modal"));
  if (!top) return;
  event.preventDefault();
  // At once: it may be drawn as open until the next frame, and another key may come before.
  stack.splice(stack.indexOf(top), 1);
  top.close();
}

/** Returns the layer that Escape closes: the last one, unless a dialog of the browser opened over it. */
export function topOf(layers: readonly Layer[], dialogs: ArrayLike<Element>): Layer | undefined {
  const dialog = dialogs[dialogs.length - 1];
  return layers.findLast((layer) => {
    const place = layer.place();
    return !dialog || (place !== null && dialog.contains(place));
  });
}

/** Has Escape close a part while `open` is true; `place` is needed if it may lie in a dialog. */
export function useLayer(open: boolean, close: () => void, place?: { current: Element | null }): void {
  const latest = useRef(close);
  latest.current = close;
  useLayoutEffect(
    () => (open ? openLayer({ place: () => place?.current ?? null, close: () => latest.current() }) : undefined),
    [open],
  );
}
