import { useRef } from "preact/hooks";

/** A figure that fades in when it is another one than before. It has its place before and after. */
export function Figure({ text, class: name = "" }: { text: string; class?: string }) {
  const first = useRef(text);
  const changed = useRef(false);
  changed.current ||= first.current !== text;
  return (
    <span key={text} class={`${name} ${changed.current ? "changed" : ""}`}>
      {text}
    </span>
  );
}
