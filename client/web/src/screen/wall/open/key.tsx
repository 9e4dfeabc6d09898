import type { ComponentChildren } from "preact";

/** The key of a button; `aria-keyshortcuts` names it to a screen reader. */
export function Key({ children }: { children: ComponentChildren }) {
  return (
    <span class="key" aria-hidden="true">
      {children}
    </span>
  );
}
