import { useLayoutEffect, useRef } from "preact/hooks";
import type { Assigning } from "./use-assigning";

/** The store's people but the one who has the deal. It has the focus; a letter chooses, Enter gives. */
export function PersonSelect({ candidates, chosen, give }: Assigning) {
  const select = useRef<HTMLSelectElement>(null);
  useLayoutEffect(() => select.current?.focus(), []);
  return (
    <select
      ref={select}
      aria-label="Assign to"
      value={chosen.value}
      onChange={(event) => (chosen.value = event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Enter" && give(event)}
    >
      <option value="">{candidates === null ? "Loading…" : candidates.length === 0 ? "Nobody else" : "Choose…"}</option>
      {candidates?.map(({ id, text, hindrance }) => (
        <option key={id} value={id} disabled={hindrance}>
          {text}
        </option>
      ))}
    </select>
  );
}
