import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { socketAddress } from "../../live/environment";
import { follow } from "../../router";
import { type Kept, kept } from "../../store/kept-order";
import { whenText } from "../../text/when";
import { newestFirst, paidText, type Summary } from "../../wall/fold";
import { WallSession } from "../../wall/session";
import type { DealState, Fulfilment, ListedDeal } from "../../wire";
import { type Store, useStore } from "../palette/use-store";
import { SkeletonRows } from "../parts/skeleton-rows";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";
import { TopBar } from "../parts/top-bar";
import { Trouble } from "../parts/trouble";
import { StandingMark } from "../standing/standing-mark";
import { FindBox } from "./find-box";
import { NewDeal } from "./new-deal";
import { StoreFoot } from "./store-foot";

type Loading = { kind: "waiting" } | { kind: "loading" } | { kind: "ready"; next: string | null };

/** The store's open deals, live, the latest change first; closed ones below; and a box that finds any. */
export function DealsPage() {
  const { router, user, environment } = useSurroundings();
  const session = useMemo(
    () => new WallSession(`deals:${user.store_id}`, "sales", socketAddress(location), environment),
    [user.store_id, environment],
  );
  const store = useStore(session);
  const find = useRef<HTMLInputElement>(null);
  const mine = useSignal(false);
  useEffect(() => {
    document.title = "Deals · Deal Architect";
    return () => session.close();
  }, [session]);
  const rows = session.rows.value;
  const failure = session.failure.value;
  const waiting = session.name.value === null && !failure;
  const mayBegin = user.role !== "operator";
  const order = useRef<readonly Kept<Summary>[] | null>(null);
  const list = kept(order.current, newestFirst(rows), ({ deal_id: id }) => id);
  order.current = list.shown.length > 0 ? list.shown : null;
  const anew = useSignal(0);
  void anew.value;
  const bringUp = () => {
    order.current = null;
    anew.value += 1;
  };
  const all = list.shown;
  const own = all.filter(({ item }) => item.salesperson?.id === user.id);
  return (
    <div class="page">
      <TopBar>
        <StandingMark session={session} />
      </TopBar>
      <main class="deals">
        <div class="deals-head">
          <h1>Deals</h1>
          {own.length > 0 && own.length < all.length && (
            <div class="toggles whose" role="group" aria-label="Whose deals">
              <button type="button" aria-pressed={!mine.value} onClick={() => (mine.value = false)}>
                All {all.length}
              </button>
              <button type="button" aria-pressed={mine.value} onClick={() => (mine.value = true)}>
                Mine {own.length}
              </button>
            </div>
          )}
          {list.fresh > 0 && (
            <button type="button" class="pill" onClick={bringUp}>
              {list.fresh} new
            </button>
          )}
          {mayBegin && <NewDeal session={session} store={store} created={(id) => router.go(`/deals/${id}`)} />}
        </div>
        <FindBox session={session} store={store} mayBegin={mayBegin} input={find} />
        {!waiting && rows.size === 0 && (failure ? <NoList /> : <NoDeals />)}
        {(waiting || rows.size > 0) && <LiveDeals deals={mine.value ? own : all} waiting={waiting} />}
        {!waiting && !failure && <ClosedDeals open={rows} store={store} />}
      </main>
      <StoreFoot session={session} page="deals" find={() => find.current?.focus()} />
    </div>
  );
}

function NoList() {
  return (
    <div class="empty">
      <h2>The deals cannot be shown now</h2>
      <p>The reason stands at the foot of the page. They appear here as soon as the server can send them.</p>
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

function LiveDeals({ deals, waiting }: { deals: readonly Kept<Summary>[]; waiting: boolean }) {
  const { formats } = useSurroundings();
  return (
    <div class="table-frame">
      <table class="deal-table open-deals" aria-label="Open deals" aria-busy={waiting}>
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">State</th>
            <th scope="col">Car</th>
            <th scope="col" class="number">
              Payment
            </th>
            <th scope="col">Salesperson</th>
            <th scope="col" class="number">
              Last change
            </th>
          </tr>
        </thead>
        <tbody>
          {waiting && <SkeletonRows columns={6} />}
          {deals.map(({ item: deal, gone }) => (
            <Row key={deal.deal_id} id={deal.deal_id} customer={deal.customer ?? ""}>
              {gone ? <td class="quiet">Closed</td> : <State state={deal.state} fulfilment={deal.fulfilment} />}
              <td>{deal.car ?? <span class="quiet">No car yet</span>}</td>
              <td class="number">{paidText(deal, formats)}</td>
              <td class="quiet salesperson">
                <bdi>{deal.salesperson?.name}</bdi>
                {deal.last_change === "deal_assigned" && <span>Assigned by {deal.changed_by}</span>}
              </td>
              <Changed at={deal.changed_at} />
            </Row>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Deals that are over: a page of the latest, and more on request. */
function ClosedDeals({ open, store }: { open: ReadonlyMap<string, Summary>; store: Store }) {
  const deals = useSignal<ListedDeal[]>([]);
  const loading = useSignal<Loading>({ kind: "waiting" });
  const trouble = useSignal<string | null>(null);
  function load(after: string | null): void {
    loading.value = { kind: "loading" };
    trouble.value = null;
    store.lists.page(
      after,
      (page) => {
        deals.value = [...deals.value, ...page.deals];
        loading.value = { kind: "ready", next: page.next };
      },
      (error) => {
        trouble.value = error.message;
        loading.value = after === null ? { kind: "waiting" } : { kind: "ready", next: after };
      },
    );
  }
  useEffect(() => load(null), [store]);
  const state = loading.value;
  const closed = deals.value.filter(({ id }) => !open.has(id));
  return (
    <section class="closed-deals" aria-label="Closed deals">
      <h2>Closed</h2>
      {closed.length > 0 && (
        <table class="deal-table" aria-label="Closed deals">
          <thead>
            <tr>
              <th scope="col">Customer</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Last change
              </th>
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
      <Trouble>{trouble.value}</Trouble>
      {state.kind === "loading" && closed.length === 0 && <p class="quiet">Loading…</p>}
      {state.kind === "ready" && closed.length === 0 && state.next === null && <p class="quiet">No closed deals.</p>}
      {state.kind === "ready" && closed.length === 0 && state.next !== null && (
        <p class="quiet">None among the latest deals.</p>
      )}
      {(state.kind === "waiting" || (state.kind === "ready" && state.next)) && (
        <button type="button" class="button" onClick={() => load(state.kind === "ready" ? state.next : null)}>
          {state.kind === "ready" ? "Show more" : "Try again"}
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
  return (
    <td class="quiet number">
      {at && (
        <time dateTime={at} title={formats.moment(at)}>
          {whenText(at, Date.now(), formats)}
        </time>
      )}
    </td>
  );
}
