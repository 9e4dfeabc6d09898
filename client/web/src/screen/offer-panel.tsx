import type { ComponentChildren } from "preact";
import { limitText } from "../deal/fields";
import type { Row } from "../deal/rows";
import type { DealSession } from "../deal/session";
import type { Formats } from "../text/format";
import type { View } from "../wire";
import { useSurroundings } from "./app";

const SHOWN_LIMITS = 6;

/** The chosen car: what is known of it and of its best offer. Without a choice: what keeps the other cars out. */
export function OfferPanel({ session }: { session: DealSession }) {
  const { grid } = session;
  const selected = grid.selected.value;
  const row = selected === null ? undefined : grid.row(selected);
  void grid.picture.value;
  return (
    <aside class={`offer ${row ? "open" : ""}`} aria-label="Chosen car">
      {row
        ? <Chosen row={row} session={session} />
        : <Unchosen session={session} lost={selected !== null && session.model.value !== null} />}
    </aside>
  );
}

function Unchosen({ session, lost }: { session: DealSession; lost: boolean }) {
  const { formats } = useSurroundings();
  const rejected = [...(session.model.value?.search?.rejected ?? [])].sort((a, b) => b.cars - a.cars).slice(0, SHOWN_LIMITS);
  const most = Math.max(1, ...rejected.map(({ cars }) => cars));
  return (
    <>
      <p class="hint">{lost ? "The car you chose does not fit these terms any more." : "Choose a car to see its offer."}</p>
      {rejected.length > 0 && session.view.value !== "customer" && (
        <section>
          <h2>Why other cars are out</h2>
          <ul class="limit-bars">
            {rejected.map(({ limit, cars }) => (
              <li key={limit}>
                <span>{sentence(limitText(limit))}</span><b class="number">{formats.count(cars)}</b>
                <span class="bar"><span style={{ width: `${(100 * cars) / most}%` }} /></span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Chosen({ row, session }: { row: Row; session: DealSession }) {
  const { formats } = useSurroundings();
  const view = session.view.value;
  return (
    <>
      <header>
        <h2>{row.year} {row.make} {row.model}</h2>
        <p class="quiet">{[row.trim, row.body].filter(Boolean).join(" · ")}</p>
        <button type="button" class="button small icon close" aria-label="Close" onClick={() => (session.grid.selected.value = null)}>×</button>
      </header>
      <Offer row={row} view={view} formats={formats} stale={session.grid.picture.value.stale} />
      <section>
        <h3>Car</h3>
        <dl class="facts">
          <Fact name="Price">{formats.cents(row.price_cents)}</Fact>
          {view === "manager" && row.cost_cents !== null && <Fact name="Cost">{formats.cents(row.cost_cents)}</Fact>}
          <Fact name="Miles">{formats.count(row.mileage)}</Fact>
          {view !== "customer" && row.days_in_stock !== null && <Fact name="Days in stock">{formats.count(row.days_in_stock)}</Fact>}
          {view !== "customer" && row.store_id !== null && <Fact name="Store">{row.store_id}</Fact>}
          <Fact name="Stock no.">{row.stock_no}</Fact>
          <Fact name="VIN"><span class="vin">{row.vin}</span></Fact>
        </dl>
      </section>
    </>
  );
}

interface OfferProps {
  row: Row;
  view: View;
  formats: Formats;
  stale: boolean;
}

function Offer({ row, view, formats, stale }: OfferProps) {
  if (row.value === "pending") {
    const { payment_min_cents: least, payment_max_cents: most } = row;
    return (
      <section class="headline" aria-busy="true">
        <span class="skeleton wide" />
        <p class="quiet">
          {least !== null && most !== null ? `Being valued. Payments between ${formats.cents(least)} and ${formats.cents(most)} are possible.` : "Being valued."}
        </p>
      </section>
    );
  }
  if (row.value !== "offer" || row.payment_cents === null || row.term_months === null) {
    return (
      <section class="headline">
        <p class="big none">{row.value === "failed" ? "Could not be valued" : "No offer with these terms"}</p>
        {row.binding && <p>{sentence(limitText(row.binding))}.</p>}
      </section>
    );
  }
  return (
    <section class={`headline ${stale ? "stale" : ""}`}>
      <p class="big"><output>{formats.cents(row.payment_cents)}</output><span class="quiet">a month for {row.term_months} months</span></p>
      <dl class="facts">
        {view !== "customer" && <Worth row={row} formats={formats} />}
        {row.cash_down_cents !== null && <Fact name="Cash down">{formats.cents(row.cash_down_cents)}</Fact>}
        {row.discount_cents ? <Fact name="Discount">{formats.cents(row.discount_cents)}</Fact> : null}
        {view !== "customer" && row.rate_bp !== null && <Fact name="Rate">{formats.percent(row.rate_bp)}</Fact>}
        {view !== "customer" && row.lender !== null && <Fact name="Lender">{row.lender}</Fact>}
      </dl>
      {view !== "customer" && row.binding && <p class="hint">The cash is raised to meet a limit: {limitText(row.binding)}.</p>}
    </section>
  );
}

/** What the offer is worth to the group, as far as this view may know. */
function Worth({ row, formats }: { row: Row; formats: Formats }) {
  return (
    <>
      {row.npv_cents !== null && <Fact name="NPV" strong>{formats.cents(row.npv_cents)}</Fact>}
      {row.stress_npv_cents !== null && <Fact name="NPV, losses × 1.5">{formats.cents(row.stress_npv_cents)}</Fact>}
      {row.score !== null && <Fact name="Score" strong>{row.score} of 5</Fact>}
    </>
  );
}

function Fact({ name, strong, children }: { name: string; strong?: boolean; children: ComponentChildren }) {
  return <div class={strong ? "strong" : ""}><dt>{name}</dt><dd>{children}</dd></div>;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
