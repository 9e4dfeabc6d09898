import { useEffect, useMemo, useRef } from "preact/hooks";
import { Announcer } from "../../live/announcer";
import type { Environment } from "../../live/environment";
import { useSurroundings } from "./surroundings";

/** Makes what speaks for a page. */
export function useAnnouncer(environment: Environment): Announcer {
  const announcer = useMemo(() => new Announcer(environment), [environment]);
  useEffect(() => () => announcer.stop(), [announcer]);
  return announcer;
}

/**
 * The polite region: the page's one, or that of a modal dialog, behind which the page is silent. What was said before a
 * dialog opened is not said again in it.
 */
export function Announced() {
  const { announcer } = useSurroundings();
  const before = useRef(announcer.text.peek());
  const text = announcer.text.value;
  return (
    <p class="visually-hidden announcer" role="status">
      {text === before.current ? "" : text}
    </p>
  );
}

/** Says a text aloud when it becomes another one; an empty text says nothing. */
export function useSaid(text: string, about: string): void {
  const { announcer } = useSurroundings();
  useEffect(() => {
    if (text !== "") announcer.say(text, about);
  }, [text, about]);
}
