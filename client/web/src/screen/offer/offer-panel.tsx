import { useSignal } from "@preact/signals";
import type { PencilPicture } from "../../deal/pencil/pencil";
import { wayOf, waysOf } from "../../deal/pencil/ways";
import type { DealSession } from "../../deal/session";
import { cashLadder, openingText } from "../../deal/stock/fixes";
import type { Row } from "../../deal/stock/rows";
import { limitText } from "../../deal/terms/fields";
import type { DealKind, QuoteReply, Rejection } from "../../wire";
import { Papers } from "../desk/papers";
import { Fact, sentence } from "../parts/facts";
import { useSurroundings } from "../parts/surroundings";
import { NeedsAnswer } from "../standing/needs-answer";
import { ChoiceBar } from "./choice-bar";
import { ContractFacts } from "./contract-facts";
import { CustomerWords } from "./customer-words";
import { FrontierPlot } from "./frontier-plot";
import { PencilGrid } from "./grids/pencil-grid";
import { MonthlyCash } from "./monthly-cash";
import { OfferHeadline } from "./offer-headline";
import { PrintLinks } from "./print-links";
import { RollControl } from "./roll-control";
import { SignedContract } from "./signed-contract";
import { ValueParts } from "./value-parts";
import { CashPanel } from "./ways/cash-panel";
import { KindSwitch } from "./ways/kind-switch";
import { LeasePanel } from "./ways/lease-panel";
import { PaymentTabs } from "./ways/payment-tabs";

const SHOWN_LIMITS = 8;

/** The chosen car: what is known of it and of its best offer. Without a choice: what excludes the other cars. */
export function OfferPanel({ session }: { session: DealSession }) {
  const { grid } = session;
  const selected = grid.selected.value;
  const row = selected === null ? undefined : grid.row(selected);
  void grid.picture.value;
  return (
    <aside class={`offer ${row ? "open" : ""}`} aria-label="Chosen car">
      {row ? (
        <Chosen key={row.vehicle_id} row={row} session={session} />
      ) : (
        <Unchosen session={session} lost={selected !== null && session.model.value !== null} />
      )}
    </aside>
  );
}

function Unchosen({ session, lost }: { session: DealSession; lost: boolean }) {
  const rejected = session.model.value?.search?.rejected ?? [];
  if (session.model.value?.deal.contract) {
    return (
      <>
        <SignedContract session={session} />
        <PrintLinks vehicleId={null} way={null} session={session} />
        <Papers session={session} />
      </>
    );
  }
  return (
    <>
      <h2 class="visually-hidden">Chosen car</h2>
      <p class="hint">
        {lost ? "The car you chose no longer qualifies with these terms." : "Choose a car to see its offer."}
      </p>
      <PrintLinks vehicleId={null} way={null} session={session} />
      <Papers session={session} />
      {rejected.length > 0 && session.view.value !== "customer" && (
        <section>
          <h2>Why cars don't qualify</h2>
          <LimitBars rejected={rejected} />
        </section>
      )}
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
      {shown.map(({ limit, cars, fix, cash_steps: steps, at_least: atLeast }) => {
        const opening = openingText({ fix }, formats);
        const ladder = cashLadder(steps);
        return (
          <li key={limit}>
            <span>{sentence(limitText(limit))}</span>
            <b class="number" title={atLeast ? "At least so many" : undefined}>
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
              <CashLadder opening={sentence(opening)} ladder={ladder} cars={cars} />
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

function Chosen({ row, session }: { row: Row; session: DealSession }) {
  const view = session.view.value;
  const picture = session.pencil.picture.value;
  const shown: PencilPicture =
    picture.vehicleId === row.vehicle_id ? picture : { ...picture, quote: null, frontier: null, asking: true };
  const { quote, asking } = shown;
  const staff = view !== "customer";
  const chosen = useSignal<DealKind | null>(null);
  const ways = quote ? waysOf(quote) : [];
  const way = chosen.value && ways.includes(chosen.value) ? chosen.value : quote && wayOf(quote);
  return (
    <>
      <header>
        <h2>
          {row.year} {row.make} {row.model}
        </h2>
        <p class="quiet">{[row.trim, row.body].filter(Boolean).join(" · ")}</p>
        <button
          type="button"
          class="button small icon close"
          aria-label="Close"
          onClick={() => (session.grid.selected.value = null)}
        >
          ×
        </button>
      </header>
      <OfferHeadline row={row} session={session} picture={shown} way={way} />
      {!staff && quote && way && (
        <CustomerWords quote={quote} way={way} structure={session.model.value?.deal.structure ?? {}} />
      )}
      <NeedsAnswer session={session}>
        <ChoiceBar row={row} session={session} way={way} />
      </NeedsAnswer>
      <PrintLinks vehicleId={row.vehicle_id} way={way} session={session} />
      <Papers session={session} />
      {quote && way ? (
        <PaymentTabs ways={ways} way={way} choose={(next) => (chosen.value = next)}>
          <KindSwitch way={way} session={session} />
          {way === "cash" && quote.cash ? (
            <CashPanel cash={quote.cash} stale={asking} />
          ) : way === "lease" ? (
            <LeasePanel quote={quote} stale={asking} session={session} />
          ) : (
            <Financed row={row} quote={quote} picture={shown} session={session} />
          )}
        </PaymentTabs>
      ) : (
        <Frontier picture={shown} session={session} />
      )}
      <CarFacts row={row} staff={staff} desk={view === "manager"} />
      {quote && <Provenance picture={shown} />}
    </>
  );
}

interface FinancedProps {
  row: Row;
  quote: QuoteReply;
  picture: PencilPicture;
  session: DealSession;
}

/** The financed deal: its grid, what the payment can be rolled to, its value and its contract. */
function Financed({ row, quote, picture, session }: FinancedProps) {
  const { asking } = picture;
  const staff = session.view.value !== "customer";
  return (
    <>
      <PencilGrid quote={quote} asking={asking} session={session} />
      {staff && <RollControl key={row.vehicle_id} quote={quote} asking={asking} session={session} />}
      {quote.value && <ValueParts value={quote.value} stale={asking} />}
      {quote.value?.monthly_cash_cents && (
        <MonthlyCash cash={quote.value.monthly_cash_cents} lentCents={quote.principal_cents ?? 0} stale={asking} />
      )}
      <Frontier picture={picture} session={session} />
      <ContractFacts quote={quote} structure={session.model.value?.deal.structure ?? {}} stale={asking} />
    </>
  );
}

/** The frontier, for whoever may see what its points are worth. */
function Frontier({ picture: { frontier, quote }, session }: { picture: PencilPicture; session: DealSession }) {
  if (session.view.value === "customer" || !frontier?.points.some((point) => point.npv_cents !== undefined)) {
    return null;
  }
  return <FrontierPlot frontier={frontier} quote={quote} session={session} />;
}

function CarFacts({ row, staff, desk }: { row: Row; staff: boolean; desk: boolean }) {
  const { formats } = useSurroundings();
  return (
    <section>
      <h3>Car</h3>
      <dl class="facts">
        <Fact name="Price">{formats.cents(row.price_cents)}</Fact>
        {desk && <Fact name="Cost">{row.cost_cents === null ? "unknown" : formats.cents(row.cost_cents)}</Fact>}
        <Fact name="Miles">{formats.count(row.mileage)}</Fact>
        {staff && row.days_in_stock !== null && <Fact name="Days in stock">{formats.count(row.days_in_stock)}</Fact>}
        {staff && row.store_id !== null && <Fact name="Store">{row.store_id}</Fact>}
        {staff && row.transfer_days ? (
          <Fact name="Transfer">
            {formats.count(row.transfer_days)} {row.transfer_days === 1 ? "day" : "days"}
          </Fact>
        ) : null}
        {staff && row.transfer_cost_cents ? (
          <Fact name="Transfer cost">{formats.cents(row.transfer_cost_cents)}</Fact>
        ) : null}
        <Fact name="Stock no.">{row.stock_no}</Fact>
        <Fact name="VIN">
          <span class="vin">{row.vin}</span>
        </Fact>
      </dl>
    </section>
  );
}

/** Which inputs the quote was computed from, and its number. */
function Provenance({ picture: { quote } }: { picture: PencilPicture }) {
  if (!quote) return null;
  const versions = Object.entries(quote.versions);
  return (
    <footer class="provenance quiet">
      <p>
        {versions.map(([name, version]) => (
          <span key={name}>
            {name} <b>{version}</b>
          </span>
        ))}
      </p>
      {quote.pencil_id && (
        <p>
          Pencil <span class="vin">{quote.pencil_id}</span>
        </p>
      )}
    </footer>
  );
}
