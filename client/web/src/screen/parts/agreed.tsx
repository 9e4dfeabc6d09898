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
  return (
    <section class="agreed" aria-label={title}>
      <h3>{title}</h3>
      <dl class="facts">
        {car !== undefined && (
          <Fact name="Car">
            <bdi>{car}</bdi>
          </Fact>
        )}
        {figures.kind === "cash" ? <InCash figures={figures} /> : <Paid figures={figures} />}
      </dl>
    </section>
  );
}

interface PaidProps {
  figures: AgreedFigures;
}

function Paid({ figures }: PaidProps) {
  const { formats } = useSurroundings();
  const { rate_bp: rate, lender } = figures;
  return (
    <>
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
    </>
  );
}

/** A cash deal: the price out the door is all that there is to agree on. */
function InCash({ figures }: PaidProps) {
  const { formats } = useSurroundings();
  return (
    <>
      <Fact name="Out the door">
        <b>{formats.cents(figures.total_cents)}</b>
      </Fact>
      <Fact name="Paid">in cash</Fact>
    </>
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
