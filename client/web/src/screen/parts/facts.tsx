import type { ComponentChildren } from "preact";
import { useSurroundings } from "./surroundings";

/** A named value in a list of facts. */
export function Fact({ name, strong, children }: { name: string; strong?: boolean; children: ComponentChildren }) {
  return (
    <div class={strong ? "strong" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Amounts with their names; what is nothing is left out. */
export function Amounts({ lines }: { lines: readonly (readonly [string, number | undefined])[] }) {
  const { formats } = useSurroundings();
  return (
    <>
      {lines.map(([name, cents]) =>
        cents ? (
          <Fact key={name} name={name}>
            {formats.cents(cents)}
          </Fact>
        ) : null,
      )}
    </>
  );
}
