import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isQuoted, nearest, pickOf, plotted, pointAfter, pointText, reversalText } from "../../../deal/pencil/frontier";
import type { PencilPicture } from "../../../deal/pencil/pencil";
import { type Scale, scaleOver } from "../../../deal/pencil/plot";
import type { DealSession } from "../../../deal/session";
import type { StressedPoint } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { AmountTicks } from "./amount-ticks";
import { PointDetail } from "./point-detail";

const WIDTH = 440;
const HEIGHT = 210;
const LEFT = 58;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 26;

interface Props {
  picture: PencilPicture;
  session: DealSession;
}

/** Payment against NPV of the structures that no other beats in both, each to be looked at and picked. */
export function FrontierPlot({ picture, session }: Props) {
  const { frontier } = picture;
  // The points of a store that hides NPVs have no place in the plot.
  if (session.scores && session.view.value === "sales") return null;
  if (frontier === null)
    return (
      <section class="trade-offs" aria-hidden="true">
        <h3>Best trade-offs</h3>
        <span class="skeleton plot" />
        <div class="point-detail" />
        <Legend reversals={null} />
      </section>
    );
  const points = plotted(frontier);
  if (points.length === 0) return null;
  return <Plot points={points} picture={picture} session={session} />;
}

interface PlotProps extends Props {
  points: readonly StressedPoint[];
}

function Plot({ points, picture, session }: PlotProps) {
  const { formats } = useSurroundings();
  const { quote } = picture;
  const drawing = useRef<SVGSVGElement>(null);
  const looked = useSignal<number | null>(null);
  const quoted = points.findIndex((point) => isQuoted(point, quote));
  const at = Math.min(looked.value ?? Math.max(0, quoted), points.length - 1);
  const across = scaleOver(
    points.map((point) => point.payment_cents),
    4,
  );
  const up = scaleOver(
    points.flatMap((point) => [point.npv_cents ?? 0, point.stress_npv_cents ?? point.npv_cents ?? 0]),
    3,
  );
  const x = (cents: number) => LEFT + across.place(cents) * (WIDTH - LEFT - RIGHT);
  const y = (cents: number) => HEIGHT - BOTTOM - up.place(cents) * (HEIGHT - TOP - BOTTOM);
  const places = points.map((point) => ({ x: x(point.payment_cents), y: y(point.npv_cents ?? 0) }));

  function choose(index: number): void {
    looked.value = index;
    session.pencil.pick(pickOf(points[index]!, session.model.value?.deal.structure ?? {}));
  }

  function onKeyDown(event: KeyboardEvent, index: number): void {
    if (event.key === "Enter" || event.key === " ") choose(index);
    else {
      const next = pointAfter(event.key, index, points.length);
      if (next === null) return;
      looked.value = next;
      drawing.current?.querySelector<SVGElement>(`[data-point="${next}"]`)?.focus();
    }
    event.preventDefault();
  }

  /** Returns the point that is nearest to the pointer: a point is smaller than a fingertip. */
  function under(event: MouseEvent): number {
    const box = drawing.current!.getBoundingClientRect();
    const scale = WIDTH / box.width;
    return nearest(places, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
  }

  return (
    <section class="trade-offs">
      <h3 id="trade-offs">
        Best trade-offs: {formats.count(points.length)} {points.length === 1 ? "structure" : "structures"}
      </h3>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard has the points themselves */}
      <svg
        ref={drawing}
        class="frontier"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="group"
        aria-labelledby="trade-offs"
        onPointerMove={(event) => (looked.value = under(event))}
        onPointerLeave={() => (looked.value = null)}
        onClick={(event) => choose(under(event))}
      >
        <Axes across={across} up={up} x={x} y={y} />
        <g>
          <polyline
            class="stressed"
            points={points.map((point, i) => `${places[i]!.x},${y(point.stress_npv_cents ?? 0)}`).join(" ")}
          />
          <polyline points={places.map((place) => `${place.x},${place.y}`).join(" ")} />
          <line class="cursor" x1={places[at]!.x} x2={places[at]!.x} y1={TOP} y2={HEIGHT - BOTTOM} />
        </g>
        <g role="listbox" aria-label="Structures by rising payment" aria-describedby="point-detail">
          {points.map((point, index) => (
            <circle
              key={index}
              data-point={index}
              cx={places[index]!.x}
              cy={places[index]!.y}
              r={index === quoted ? 6.5 : 4.5}
              class={`${index === quoted ? "here" : ""} ${point.passed_by ? "passed" : ""} ${index === at ? "looked" : ""}`}
              role="option"
              tabIndex={index === at ? 0 : -1}
              aria-label={pointText(point, formats)}
              aria-selected={index === quoted}
              onFocus={() => (looked.value = index)}
              onKeyDown={(event) => onKeyDown(event, index)}
            />
          ))}
        </g>
      </svg>
      <PointDetail key={at} point={points[at]!} quote={quote} />
      <Legend reversals={reversalText(points, formats)} />
    </section>
  );
}

function Legend({ reversals }: { reversals: string | null }) {
  return (
    <p class="hint legend">
      <span>
        <i class="line" />
        NPV
      </span>
      <span>
        <i class="line stressed" />
        Stress NPV
      </span>
      {reversals !== null && (
        <span>
          <i class="passed" />
          {reversals}
        </span>
      )}
    </p>
  );
}

interface AxesProps {
  across: Scale;
  up: Scale;
  x(cents: number): number;
  y(cents: number): number;
}

/** Payments below, NPVs beside: round amounts. */
function Axes({ across, up, x, y }: AxesProps) {
  const { formats } = useSurroundings();
  return (
    <g>
      <AmountTicks scale={up} left={LEFT} right={WIDTH - RIGHT} y={y} />
      {across.ticks.map((tick) => (
        <text key={tick} x={x(tick)} y={HEIGHT - 8} text-anchor="middle">
          {formats.dollars(tick)}
        </text>
      ))}
    </g>
  );
}
