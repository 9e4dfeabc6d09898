import { differences, paymentText } from "../../deal/model/figures";
import type { AgreedFigures, FiguresChange } from "../../wire";
import { Fact } from "./facts";
import { useSurroundings } from "./surroundings";

interface AgreedProps {
  figures: AgreedFigures;
  title: string;
  /** The car that they are about; not said where it stands beside them. */
  car?: string | undefined;
}

/** The figures that a step is about: what the person agrees to. */
export function AgreedFacts({ figures, title, car }: AgreedProps) {
  const { formats } = useSurroundings();
  const { kind, rate_bp: rate, lender } = figures;
  if (kind === "cash") return <InCash figures={figures} title={title} car={car} />;
  return (
    <section class="agreed" aria-label={title}>
      <h3>{title}</h3>
      <dl class="facts">
        <Car name={car} />
        <Fact name="Payment">
          <b>{paymentText(figures, formats)}</b>
        </Fact>
        <Fact name="Cash down">{formats.cents(figures.cash_down_cents)}</Fact>
        {rate !== null && <Fact name="Rate">{formats.percent(rate)}</Fact>}
        {lender && (
          <Fact name="Lender">
            <bdi>{lender}</bdi>
          </Fact>
        )}
        <Fact name="Total of payments">{formats.cents(figures.total_cents)}</Fact>
      </dl>
    </section>
  );
}

/** A cash deal: the price out the door is all that there is to agree on. */
function InCash({ figures, title, car }: AgreedProps) {
  const { formats } = useSurroundings();
  return (
    <section class="agreed" aria-label={title}>
      <h3>{title}</h3>
      <dl class="facts">
        <Car name={car} />
        <Fact name="Out the door">
          <b>{formats.cents(figures.total_cents)}</b>
        </Fact>
        <Fact name="Paid">in cash</Fact>
      </dl>
    </section>
  );
}

function Car({ name }: { name: string | undefined }) {
  return name === undefined ? null : (
    <Fact name="Car">
      <bdi>{name}</bdi>
    </Fact>
  );
}

/** What changed between two figures, old and new. */
export function FigureChanges({ change }: { change: FiguresChange }) {
  const { formats } = useSurroundings();
  return (
    <>
      {differences(change, formats).map((line) => (
        <span key={line} class="change">
          {line}
        </span>
      ))}
    </>
  );
}
