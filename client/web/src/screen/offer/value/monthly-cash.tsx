import { cashFlow, type MonthBar } from "../../../deal/pencil/cash-flow";
import { scaleOver } from "../../../deal/pencil/plot";
import type { Formats } from "../../../text/format";
import type { MonthlyCash as Columns } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { AmountTicks } from "./amount-ticks";

const WIDTH = 400;
const HEIGHT = 132;
const LEFT = 56;
const RIGHT = 4;
const TOP = 8;
const BOTTOM = 22;
const MONTHS_A_YEAR = 12;

interface Props {
  cash: Columns;
  lentCents: number;
  stale: boolean;
}

/** The expected cash of the contract in each month. Servicing is too small to see, so the text states its sum. */
export function MonthlyCash({ cash, lentCents, stale }: Props) {
  const { formats } = useSurroundings();
  const { months, net, paidBack } = cashFlow(cash, lentCents);
  const up = scaleOver([0, ...months.map(({ collected, recovered }) => collected + recovered)], 3);
  const y = (cents: number) => HEIGHT - BOTTOM - up.place(cents) * (HEIGHT - TOP - BOTTOM);
  const slot = (WIDTH - LEFT - RIGHT) / Math.max(1, months.length);
  const years = months.filter(({ month }) => month % MONTHS_A_YEAR === 0);
  const back =
    paidBack === null
      ? `less than the ${formats.dollars(lentCents)} advanced`
      : `the ${formats.dollars(lentCents)} advanced is repaid by month ${formats.count(paidBack)}`;
  const story = `${formats.dollars(net)} expected in ${formats.count(months.length)} months, ${back}.`;
  return (
    <section class={stale ? "stale" : ""}>
      <h3>Expected cash by month</h3>
      <svg class="monthly" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={story}>
        <AmountTicks scale={up} left={LEFT} right={WIDTH - RIGHT} y={y} />
        {years.map(({ month }) => (
          <text key={month} x={LEFT + (month - 0.5) * slot} y={HEIGHT - 6} text-anchor="middle">
            {formats.count(month)}
          </text>
        ))}
        {months.map((bar) => (
          <g key={bar.month} class={bar.month === paidBack ? "back" : ""}>
            <title>{monthText(bar, formats)}</title>
            <Bar
              kind="collected"
              left={LEFT + (bar.month - 1) * slot}
              width={slot}
              top={y(bar.collected)}
              bottom={y(0)}
            />
            <Bar
              kind="recovered"
              left={LEFT + (bar.month - 1) * slot}
              width={slot}
              top={y(bar.collected + bar.recovered)}
              bottom={y(bar.collected)}
            />
          </g>
        ))}
      </svg>
      <p class="hint legend">
        <span>
          <i class="collected" />
          Collected {formats.dollars(total(months, "collected"))}
        </span>
        <span>
          <i class="recovered" />
          Recovered after default {formats.dollars(total(months, "recovered"))}
        </span>
        <span>Servicing {formats.dollars(-total(months, "servicing"))}</span>
      </p>
      <p class="hint">{story}</p>
    </section>
  );
}

interface BarProps {
  kind: string;
  left: number;
  width: number;
  top: number;
  bottom: number;
}

function Bar({ kind, left, width, top, bottom }: BarProps) {
  return bottom > top ? (
    <rect class={kind} x={left + width * 0.1} y={top} width={width * 0.8} height={bottom - top} />
  ) : null;
}

function total(months: readonly MonthBar[], kind: "collected" | "recovered" | "servicing"): number {
  return months.reduce((sum, bar) => sum + bar[kind], 0);
}

function monthText({ month, collected, recovered, servicing }: MonthBar, formats: Formats): string {
  const parts = [
    `${formats.cents(collected)} collected`,
    recovered > 0 ? `${formats.cents(recovered)} recovered` : null,
    servicing > 0 ? `${formats.cents(servicing)} servicing` : null,
  ];
  return `Month ${formats.count(month)}: ${parts.filter((part) => part !== null).join(", ")}`;
}
