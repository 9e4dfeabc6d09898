import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type Nudge, nudgeAxes, nudgesOf, pickOf } from "../../../deal/pencil/nudges";
import type { DealSession } from "../../../deal/session";
import { type Formats, signed } from "../../../text/format";
import type { Opened } from "../../../wall/opening";
import type { DealOffer, QuoteReply } from "../../../wire";
import { LeaseGridTable } from "../../offer/grids/lease-grid";
import { PencilGrid } from "../../offer/grids/pencil-grid";
import { useSurroundings } from "../../parts/surroundings";
import type { WallView } from "../wall-view";

/** The offer's payment grid: a cell, or one of the nearest counters above it, is where a counter begins. */
export function OpenGrid({ session, view, opened }: { session: DealSession; view: WallView; opened: Opened }) {
  const offer = session.model.value?.deal.selected;
  const { quote, asking, failure } = session.pencil.picture.value;
  const frame = useRef<HTMLDivElement>(null);
  const drawn = quote !== null;
  useLayoutEffect(() => reveal(frame.current), [drawn]);
  if (session.model.value && !offer) return <div class="open-grid" />;
  if (offer?.cash) return <p class="open-grid quiet">Paid in cash: there is no payment to spread.</p>;
  if (failure && !quote) {
    return (
      <p class="open-grid quiet">
        The payment grid could not be priced: {failure.message}{" "}
        <button type="button" class="link" onClick={() => session.pencil.retry()}>
          Try again
        </button>
      </p>
    );
  }
  return (
    <div ref={frame} class="open-grid" aria-busy={asking}>
      <Nudges session={session} view={view} opened={opened} />
      {!quote && <span class="skeleton wide" />}
      {quote && offer && !offer.lease && <PencilGrid quote={quote} asking={asking} session={session} />}
      {quote?.lease_grid && offer?.lease && (
        <LeaseGridTable
          grid={quote.lease_grid}
          best={quote.lease?.best ?? undefined}
          stale={asking}
          session={session}
        />
      )}
    </div>
  );
}

/** Scrolls the grid to the offer's cell, and nothing around it. */
function reveal(frame: HTMLElement | null): void {
  const cell = frame?.querySelector("[aria-selected=true]");
  if (!frame || !cell) return;
  const [own, place] = [frame.getBoundingClientRect(), cell.getBoundingClientRect()];
  if (place.bottom > own.bottom) frame.scrollTop += place.bottom - own.bottom + own.height / 4;
}

function Nudges({ session, view, opened }: { session: DealSession; view: WallView; opened: Opened }) {
  const { formats } = useSurroundings();
  const deal = session.model.value?.deal;
  const offer = deal?.selected;
  const nudges = useNudges(session);
  const begin = (offer: DealOffer, nudge: Nudge) => {
    const { changes, programmeId } = pickOf(offer);
    const { cashCents: cash, termMonths: term_months } = nudge;
    const own = { term_months, cash_down_cents: cash, cash_down_max_cents: cash };
    session.pencil.pick({ changes: { ...changes, ...own }, programmeId });
    view.opened.value = { ...opened, mode: "counter" };
  };
  return (
    <ul class="nudges" aria-label="Nearest counters">
      {nudges.map((nudge) => (
        <li key={`${nudge.termMonths}-${nudge.cashCents}`}>
          <button type="button" class="button small" onClick={() => offer && begin(offer, nudge)}>
            {nudge.moreCents > 0 && <span class="visually-hidden">More cash: </span>}
            {nudgeText(nudge, formats)}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Asks once for each offer what its nearest counters would be, and again on another connection. */
function useNudges(session: DealSession): readonly Nudge[] {
  const found = useSignal<{ of: string; nudges: readonly Nudge[] } | null>(null);
  const current = session.truth.current.value;
  const deal = session.model.value?.deal;
  const offer = deal?.state === "submitted" && !deal.selected?.cash && !deal.selected?.lease ? deal.selected : null;
  useEffect(() => {
    if (!offer || !current) return;
    let stale = false;
    const { changes, programmeId: programme_id } = pickOf(offer);
    const { cash, terms } = nudgeAxes(offer);
    const about = { vehicle_id: offer.vehicle_id, changes, programme_id, terms_months: terms, cash_down_cents: cash };
    session.ask({ type: "quote", channel: `deal:${session.dealId}`, ...about }, (reply) => {
      if (stale || !reply.ok) return;
      found.value = { of: offer.offer_id, nudges: nudgesOf(reply.data as unknown as QuoteReply, offer) };
    });
    return () => {
      stale = true;
    };
  }, [offer?.offer_id, current]);
  return offer && found.value?.of === offer.offer_id ? found.value.nudges : [];
}

/** "+$500 → $1,011.10, NPV +$180". */
function nudgeText({ moreCents, termMonths, paymentCents, npvCents }: Nudge, formats: Formats): string {
  const what = moreCents > 0 ? `+${formats.dollars(moreCents)}` : `${termMonths} months`;
  const npv = npvCents === null ? "" : `, NPV ${signed(npvCents, formats.dollars)}`;
  return `${what} → ${formats.cents(paymentCents)}${npv}`;
}
