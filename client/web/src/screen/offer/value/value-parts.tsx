import { type Step, waterfall } from "../../../deal/pencil/waterfall";
import type { Formats } from "../../../text/format";
import type { QuoteValue } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";

/** Where the NPV comes from, part by part, as bars beside a table; nothing if the view has no parts. */
export function ValueParts({ value, stale }: { value: QuoteValue; stale: boolean }) {
  const { formats } = useSurroundings();
  if (!value.parts) return null;
  const { steps, zero, total } = waterfall(value.parts);
  return (
    <section class={stale ? "stale" : ""}>
      <h3 id="npv-breakdown">NPV breakdown</h3>
      <table class="waterfall" aria-labelledby="npv-breakdown">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        {/* Other figures are other bars: none slides. */}
        <tbody key={steps.map((step) => step.cents).join(" ")}>
          {steps.map((step) => (
            <Bar key={step.name} step={step} zero={zero} formats={formats} />
          ))}
          <Bar step={total} zero={zero} formats={formats} />
        </tbody>
      </table>
    </section>
  );
}

function Bar({ step, zero, formats }: { step: Step; zero: number; formats: Formats }) {
  const left = Math.min(step.from, step.to);
  const width = Math.abs(step.to - step.from);
  const kind = step.name === "total" ? "total" : step.cents < 0 ? "down" : "up";
  return (
    <tr class={kind}>
      <th scope="row">{step.label}</th>
      <td class="track" aria-hidden="true">
        <i style={{ left: `${100 * zero}%` }} />
        <span style={{ left: `${100 * left}%`, width: `${100 * width}%` }} />
      </td>
      <td class="number">{formats.cents(step.cents)}</td>
    </tr>
  );
}
