import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { type DealRow, listDeals } from "../../api";
import { socketAddress } from "../../live/environment";
import { follow } from "../../router";
import { newestFirst, paidText, type Summary } from "../../wall/fold";
import { WallSession } from "../../wall/session";
import type { DealState, Fulfilment } from "../../wire";
import { Banners } from "../parts/banners";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";
import { TopBar } from "../parts/top-bar";
import { FindBox } from "./find-box";
import { NewDeal } from "./new-deal";

type Loading = { kind: "folded" } | { kind: "loading" } | { kind: "ready"; next: string | null };

/** The store's open deals, live, the latest change first; closed ones on request; and a box that finds any. */
export function DealsPage() {
  const { router, user, environment } = useSurroundings();
  const session = useMemo(
    () => new WallSession(`deals:${user.store_id}`, "sales", socketAddress(location), environment),
    [user.store_id, environment],
  );
  useEffect(() => {
    document.title = "Deals · Deal Architect";
    const hurry = () => session.retryNow();
    addEventListener("online", hurry);
    return () => {
      removeEventListener("online", hurry);
      session.close();
    };
  }, [session]);
  const rows = session.rows.value;
  const waiting = session.name.value === null && !session.failure.value;
  const mayBegin = user.role !== "operator";
  return (
    <div class="page">
      <TopBar />
      <Banners session={session} />
      <main class="deals">
        <div class="deals-head">
          <h1>Deals</h1>
          {mayBegin && <NewDeal created={(id) => router.go(`/deals/${id}`)} />}
        </div>
        <FindBox mayBegin={mayBegin} />
        {!waiting && rows.size === 0 && <NoDeals />}
        {(waiting || rows.size > 0) && <LiveDeals deals={newestFirst(rows)} waiting={waiting} />}
        {!waiting && <ClosedDeals open={rows} />}
      </main>
    </div>
  );
}

function NoDeals() {
  return (
    <div class="empty">
      <h2>No open deals</h2>
      <p>Start one with “New deal”: pick a customer, and matching cars stream in.</p>
    </div>
  );
}

function LiveDeals({ deals, waiting }: { deals: Summary[]; waiting: boolean }) {
  const { formats } = useSurroundings();
  return (
    <div class="wall-frame">
      <table class="deal-table" aria-label="Open deals" aria-busy={waiting}>
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">State</th>
            <th scope="col">Car</th>
            <th scope="col" class="number">
              Payment
            </th>
            <th scope="col">Salesperson</th>
            <th scope="col">Last change</th>
          </tr>
        </thead>
        <tbody>
          {waiting &&
            Array.from({ length: 8 }, (_, i) => (
              <tr key={i}>
                {[0, 1, 2, 3, 4, 5].map((cell) => (
                  <td key={cell}>
                    <span class="skeleton" />
                  </td>
                ))}
              </tr>
            ))}
          {deals.map((deal) => (
            <Row key={deal.deal_id} id={deal.deal_id} customer={deal.customer ?? ""}>
              <State state={deal.state} fulfilment={deal.fulfilment} />
              <td>{deal.car ?? <span class="quiet">No car yet</span>}</td>
              <td class="number">{paidText(deal, formats)}</td>
              <td class="quiet">{deal.salesperson?.name}</td>
              <Changed at={deal.changed_at} />
            </Row>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Deals that are over, and those that a page of the list has besides; loaded when somebody asks. */
function ClosedDeals({ open }: { open: ReadonlyMap<string, Summary> }) {
  const deals = useSignal<DealRow[]>([]);
  const loading = useSignal<Loading>({ kind: "folded" });
  const trouble = useSignal<string | null>(null);
  async function load(after: string | null): Promise<void> {
    loading.value = { kind: "loading" };
    try {
      const page = await listDeals(after);
      deals.value = [...deals.value, ...page.deals];
      loading.value = { kind: "ready", next: page.next };
      trouble.value = null;
    } catch (failure) {
      trouble.value = (failure as Error).message;
      loading.value = { kind: "folded" };
    }
  }
  const state = loading.value;
  const closed = deals.value.filter(({ id }) => !open.has(id));
  return (
    <section aria-label="Closed deals">
      {closed.length > 0 && (
        <table class="deal-table" aria-label="Closed deals">
          <thead>
            <tr>
              <th scope="col">Customer</th>
              <th scope="col">State</th>
              <th scope="col">Last change</th>
            </tr>
          </thead>
          <tbody>
            {closed.map((deal) => (
              <Row key={deal.id} id={deal.id} customer={deal.customer}>
                <State state={deal.state} fulfilment={deal.fulfilment} />
                <Changed at={deal.updated_at} />
              </Row>
            ))}
          </tbody>
        </table>
      )}
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      {state.kind === "ready" && closed.length === 0 && state.next === null && <p class="quiet">No closed deals.</p>}
      {(state.kind === "folded" || (state.kind === "ready" && state.next)) && (
        <button type="button" class="button" onClick={() => void load(state.kind === "ready" ? state.next : null)}>
          {state.kind === "ready" ? "Show more" : "Show closed deals"}
        </button>
      )}
    </section>
  );
}

interface RowProps {
  id: string;
  customer: string;
  children: preact.ComponentChildren;
}

function Row({ id, customer, children }: RowProps) {
  const { router } = useSurroundings();
  const path = `/deals/${id}`;
  return (
    <tr onClick={follow(router, path)}>
      <td>
        <a
          href={path}
          onClick={(event) => {
            event.stopPropagation();
            follow(router, path)(event);
          }}
        >
          {customer}
        </a>
      </td>
      {children}
    </tr>
  );
}

function State({ state, fulfilment }: { state?: DealState | undefined; fulfilment?: Fulfilment | null | undefined }) {
  return <td>{state && <StateChip state={state} fulfilment={fulfilment ?? null} />}</td>;
}

function Changed({ at }: { at?: string | undefined }) {
  const { formats } = useSurroundings();
  return <td class="quiet">{at && <time dateTime={at}>{formats.moment(at)}</time>}</td>;
}
