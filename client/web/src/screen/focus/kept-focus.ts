import { useEffect } from "preact/hooks";

/** A button that is off while its command is under way loses the focus: it has it again as soon as it is on. */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: EventTarget | null = null;
    const onFocus = (event: FocusEvent) => {
      last = event.target;
    };
    const observer = new MutationObserver((changes) => {
      for (const { target } of changes) {
        const button = target as HTMLButtonElement;
        if (button === last && !button.disabled && document.activeElement === document.body)
          button.focus({ preventScroll: true });
      }
    });
    addEventListener("focusin", onFocus);
    observer.observe(document.body, { subtree: true, attributeFilter: ["disabled"] });
    return () => {
      removeEventListener("focusin", onFocus);
      observer.disconnect();
    };
  }, []);
}
