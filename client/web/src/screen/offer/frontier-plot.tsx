import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { financed } from "../../deal/pencil/pencil";
import { scaleOver } from "../../deal/pencil/plot";
import type { DealSession } from "../../deal/session";
import type { Formats } from "../../text/format";
import type { FrontierReply, QuoteReply, StressedPoint } from "../../wire";
import { useSurroundings } from "../parts/surroundings";

const WIDTH = 400;
const HEIGHT = 190;
const LEFT = 56;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

interface Props {
  frontier: FrontierReply;
  quote: QuoteReply | null;
  session: DealSession;
}

/** Payment against NPV of the structures that no other beats in both; a point shows its structure when it is chosen. */
export function FrontierPlot({ frontier, quote, session }: Props) {
  const { formats } = useSurroundings();
  const points = frontier.points.filter((point) => point.npv_cents !== undefined);
  const drawing = useRef<SVGSVGElement>(null);
  const focus = useSignal(0);
  const across = scaleOver(
    points.map((point) => point.payment_cents),
    4,
  );
  const up = scaleOver(
    points.flatMap((point) => [point.npv_cents ?? 0, point.stress_npv_cents ?? 0]),
    3,
  );
  const x = (cents: number) => LEFT + across.place(cents) * (WIDTH - LEFT - RIGHT);
  const y = (cents: number) => HEIGHT - BOTTOM - up.place(cents) * (HEIGHT - TOP - BOTTOM);
  const reversals = frontier.reversals ?? 0;
  const roving = Math.min(focus.value, points.length - 1);

  function choose(point: StressedPoint, index: number): void {
    focus.value = index;
    const { term_months, cash_down_cents, discount_cents } = point;
    const changes = { term_months, cash_down_cents, cash_down_max_cents: cash_down_cents, discount_cents };
    const structure = session.model.value?.deal.structure ?? {};
    session.pencil.pick({ changes: financed(structure, changes), programmeId: point.programme_id ?? null });
  }

  function onKeyDown(event: KeyboardEvent, index: number): void {
    if (event.key === "Enter" || event.key === " ") choose(points[index]!, index);
    else {
      const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (by === undefined) return;
      focus.value = Math.min(points.length - 1, Math.max(0, index + by));
      drawing.current?.querySelector<SVGElement>(`[data-point="${focus.value}"]`)?.focus();
    }
    event.preventDefault();
  }

  return (
    <section>
      <h3>
        Best trade-offs: {formats.count(points.length)} {points.length === 1 ? "structure" : "structures"}
      </h3>
      <svg
        ref={drawing}
        class="frontier"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="group"
        aria-label="Payment across, NPV upwards"
      >
        {up.ticks.map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 6} y={y(tick) + 3.5} text-anchor="end">
              {formats.dollars(tick)}
            </text>
          </g>
        ))}
        {across.ticks.map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - 8} text-anchor="middle">
            {formats.dollars(tick)}
          </text>
        ))}
        <polyline
          class="stressed"
          points={points.map((point) => `${x(point.payment_cents)},${y(point.stress_npv_cents ?? 0)}`).join(" ")}
        />
        <polyline points={points.map((point) => `${x(point.payment_cents)},${y(point.npv_cents ?? 0)}`).join(" ")} />
        {points.map((point, index) => (
          <circle
            key={index}
            data-point={index}
            cx={x(point.payment_cents)}
            cy={y(point.npv_cents ?? 0)}
            r={isQuoted(point, quote) ? 6.5 : 4.5}
            class={`${isQuoted(point, quote) ? "here" : ""} ${point.passed_by ? "passed" : ""}`}
            role="button"
            tabindex={index === roving ? 0 : -1}
            aria-label={pointText(point, formats)}
            aria-pressed={isQuoted(point, quote)}
            onClick={() => choose(point, index)}
            onKeyDown={(event) => onKeyDown(event, index)}
          >
            <title>{pointText(point, formats)}</title>
          </circle>
        ))}
      </svg>
      <p class="hint legend">
        <span>
          <i class="line" />
          NPV
        </span>
        <span>
          <i class="line stressed" />
          Stress NPV
        </span>
        {reversals > 0 && (
          <span>
            <i class="passed" />
            Beaten by a lower payment under stress
          </span>
        )}
      </p>
      {reversals > 0 && (
        <p class="hint">{reversalText(points.filter((point) => point.passed_by).length, reversals, formats)}</p>
      )}
    </section>
  );
}

function isQuoted(point: StressedPoint, quote: QuoteReply | null): boolean {
  return (
    quote !== null &&
    quote.payment_cents === point.payment_cents &&
    quote.term_months === point.term_months &&
    quote.cash_down_cents === point.cash_down_cents
  );
}

function reversalText(passed: number, reversals: number, formats: Formats): string {
  const structures = `${formats.count(passed)} ${passed === 1 ? "structure is" : "structures are"} worth less than one with a lower payment if losses rise`;
  return `${structures} (${formats.count(reversals)} ${reversals === 1 ? "pair changes" : "pairs change"} rank).`;
}

function pointText(point: StressedPoint, formats: Formats): string {
  const parts = [
    `${formats.cents(point.payment_cents)} for ${point.term_months} months`,
    `${formats.cents(point.cash_down_cents)} down`,
    point.discount_cents > 0 ? `${formats.cents(point.discount_cents)} discount` : null,
    point.lender ?? null,
    `NPV ${formats.dollars(point.npv_cents ?? 0)}`,
    `stress NPV ${formats.dollars(point.stress_npv_cents ?? 0)}`,
    point.passed_by ? `beaten by ${formats.count(point.passed_by)} with a lower payment` : null,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
