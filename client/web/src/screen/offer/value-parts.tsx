import { type Step, waterfall } from "../../deal/pencil/waterfall";
import type { Formats } from "../../text/format";
import type { QuoteValue } from "../../wire";
import { useSurroundings } from "../parts/surroundings";

/** Where the NPV comes from, part by part; nothing if the view has no parts. */
export function ValueParts({ value, stale }: { value: QuoteValue; stale: boolean }) {
  const { formats } = useSurroundings();
  if (!value.parts) return null;
  const { steps, zero, total } = waterfall(value.parts);
  return (
    <section class={stale ? "stale" : ""}>
      <h3>NPV breakdown</h3>
      <dl class="waterfall">
        {steps.map((step) => (
          <Bar key={step.name} step={step} zero={zero} formats={formats} />
        ))}
        <Bar step={total} zero={zero} formats={formats} />
      </dl>
    </section>
  );
}

function Bar({ step, zero, formats }: { step: Step; zero: number; formats: Formats }) {
  const left = Math.min(step.from, step.to);
  const width = Math.abs(step.to - step.from);
  const kind = step.name === "total" ? "total" : step.cents < 0 ? "down" : "up";
  return (
    <div class={kind}>
      <dt>{step.label}</dt>
      <dd class="track" aria-hidden="true">
        <i style={{ left: `${100 * zero}%` }} />
        <span style={{ left: `${100 * left}%`, width: `${100 * width}%` }} />
      </dd>
      <dd class="number">{formats.cents(step.cents)}</dd>
    </div>
  );
}
