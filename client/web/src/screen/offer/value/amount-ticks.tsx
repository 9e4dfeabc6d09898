import type { Scale } from "../../../deal/pencil/plot";
import { useSurroundings } from "../../parts/surroundings";

const GAP = 6;
/** From the middle of a line to the foot of its figure. */
const DROP = 3.5;

interface Props {
  scale: Scale;
  left: number;
  right: number;
  y(cents: number): number;
}

/** The lines of a plot at round amounts, each with its amount beside it. */
export function AmountTicks({ scale, left, right, y }: Props) {
  const { formats } = useSurroundings();
  return (
    <g>
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line class={tick === 0 ? "zero" : ""} x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text x={left - GAP} y={y(tick) + DROP} text-anchor="end">
            {formats.dollars(tick)}
          </text>
        </g>
      ))}
    </g>
  );
}
