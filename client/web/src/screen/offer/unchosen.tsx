import type { DealSession } from "../../deal/session";
import { lostText } from "../../deal/stock/best";
import { cashLadder, openingText } from "../../deal/stock/fixes";
import { limitText } from "../../deal/terms/limits";
import { sentence } from "../../text/readable";
import type { Rejection } from "../../wire";
import { Papers } from "../desk/papers";
import { useSurroundings } from "../parts/surroundings";
import { SignedContract } from "./contract/signed-contract";
import { PrintComparison, PrintLink } from "./head/print-links";
import { Picks } from "./picks";

const SHOWN_LIMITS = 6;

/** Without a chosen car: what was signed; or the cars to look at first, and what excludes the others. */
export function Unchosen({ session, lost }: { session: DealSession; lost: boolean }) {
  const rejected = session.model.value?.search?.rejected ?? [];
  const gone = session.grid.lost.value;
  const chosen = lost ? "The car you chose no longer qualifies with these terms." : "Choose a car to see its offer.";
  if (session.model.value?.deal.contract) {
    return (
      <>
        <SignedContract session={session} />
        <PrintLink vehicleId={null} way={null} session={session} />
        <PrintComparison session={session} />
        {/* Another panel than that of an open deal: nothing of it goes over. */}
        <Papers key="signed" session={session} />
      </>
    );
  }
  return (
    <>
      <h2 class="visually-hidden">Chosen car</h2>
      <div class="paper-slot">
        <p class="hint">{gone ? lostText(gone) : chosen}</p>
        <PrintLink vehicleId={null} way={null} session={session} />
      </div>
      <Picks session={session} />
      {/* As high with the limits as before they are known: what stands beneath does not move. */}
      <section class="limit-slot">
        {rejected.length > 0 && (
          <>
            <h2>Why cars don't qualify</h2>
            <LimitBars rejected={rejected} />
          </>
        )}
      </section>
      <PrintComparison session={session} />
      <Papers session={session} />
    </>
  );
}

/** How many cars each limit excluded, and what would qualify them. */
export function LimitBars({ rejected }: { rejected: readonly Rejection[] }) {
  const { formats } = useSurroundings();
  const shown = [...rejected].sort((a, b) => b.cars - a.cars).slice(0, SHOWN_LIMITS);
  const most = Math.max(1, ...shown.map(({ cars }) => cars));
  return (
    <ul class="limit-bars">
      {shown.map(({ limit, cars, fix, cash_steps: steps, at_least: atLeast }, place) => {
        const opening = openingText({ fix }, formats);
        const ladder = cashLadder(steps);
        return (
          // Each place stays: other limits change its words.
          <li key={place}>
            <span>{sentence(limitText(limit))}</span>
            <b key={`${cars}${atLeast}`} class="number" title={atLeast ? "At least so many" : undefined}>
              {formats.count(cars)}
              {atLeast && "+"}
            </b>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${(100 * cars) / most}%` }} />
              {fix?.opens ? (
                <span class="opened" style={{ width: `${(100 * Math.min(cars, fix.opens)) / most}%` }} />
              ) : null}
            </span>
            {opening !== null && ladder.length < 2 && <span class="opening">{sentence(opening)}</span>}
            {opening !== null && ladder.length >= 2 && (
              <CashLadder key={limit} opening={sentence(opening)} ladder={ladder} cars={cars} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

interface LadderProps {
  opening: string;
  ladder: ReturnType<typeof cashLadder>;
  cars: number;
}

/** How many of a limit's cars more and more cash opens. */
function CashLadder({ opening, ladder, cars }: LadderProps) {
  const { formats } = useSurroundings();
  return (
    <details class="ladder">
      <summary>
        <span class="opening">{opening}</span>
      </summary>
      <ul>
        {ladder.map(({ cents, opens }) => (
          <li key={cents}>
            <span>{formats.dollars(cents)} more</span>
            <span class="rung" aria-hidden="true">
              <i style={{ width: `${(100 * opens) / Math.max(1, cars)}%` }} />
            </span>
            <span class="number">
              {formats.count(opens)} of {formats.count(cars)}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
