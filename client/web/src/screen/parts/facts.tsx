import type { ComponentChildren } from "preact";

/** A named value in a list of facts. */
export function Fact({ name, strong, children }: { name: string; strong?: boolean; children: ComponentChildren }) {
  return (
    <div class={strong ? "strong" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
