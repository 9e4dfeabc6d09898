import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type DealRow, listDeals } from "../../api";
import { follow } from "../../router";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";
import { TopBar } from "../parts/top-bar";
import { NewDeal } from "./new-deal";

type Loading = { kind: "loading" } | { kind: "ready"; next: string | null } | { kind: "failed"; message: string };

/** The store's deals, newest first, a page at a time. */
export function DealsPage() {
  const { router, user } = useSurroundings();
  const deals = useSignal<DealRow[]>([]);
  const loading = useSignal<Loading>({ kind: "loading" });

  async function load(after: string | null): Promise<void> {
    loading.value = { kind: "loading" };
    try {
      const page = await listDeals(after);
      deals.value = after ? [...deals.value, ...page.deals] : page.deals;
      loading.value = { kind: "ready", next: page.next };
    } catch (failure) {
      loading.value = { kind: "failed", message: (failure as Error).message };
    }
  }

  useEffect(() => {
    document.title = "Deals · Deal Architect";
    void load(null);
  }, []);

  return (
    <div class="page">
      <TopBar />
      <main class="deals">
        <div class="deals-head">
          <h1>Deals</h1>
          {user.role !== "operator" && <NewDeal created={(id) => router.go(`/deals/${id}`)} />}
        </div>
        <DealTable deals={deals.value} waiting={loading.value.kind === "loading" && deals.value.length === 0} />
        <ListEnd state={loading.value} count={deals.value.length} load={load} />
      </main>
    </div>
  );
}

function DealTable({ deals, waiting }: { deals: DealRow[]; waiting: boolean }) {
  const { router, formats } = useSurroundings();
  if (deals.length === 0 && !waiting) return null;
  return (
    <table class="deal-table" aria-busy={waiting}>
      <thead>
        <tr>
          <th scope="col">Customer</th>
          <th scope="col">State</th>
          <th scope="col">Last change</th>
          <th scope="col" class="number">
            Version
          </th>
        </tr>
      </thead>
      <tbody>
        {waiting &&
          Array.from({ length: 8 }, (_, i) => (
            <tr key={i}>
              {[0, 1, 2, 3].map((cell) => (
                <td key={cell}>
                  <span class="skeleton" />
                </td>
              ))}
            </tr>
          ))}
        {deals.map((deal) => {
          const path = `/deals/${deal.id}`;
          return (
            <tr key={deal.id} onClick={follow(router, path)}>
              <td>
                <a
                  href={path}
                  onClick={(event) => {
                    event.stopPropagation();
                    follow(router, path)(event);
                  }}
                >
                  {deal.customer}
                </a>
              </td>
              <td>
                <StateChip state={deal.state} />
              </td>
              <td class="quiet">
                <time dateTime={deal.updated_at}>{formats.moment(deal.updated_at)}</time>
              </td>
              <td class="number quiet">{deal.version}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function ListEnd({ state, count, load }: { state: Loading; count: number; load(after: string | null): Promise<void> }) {
  if (state.kind === "failed") {
    return (
      <div class="empty" role="alert">
        <p>{state.message}</p>
        <button type="button" class="button" onClick={() => void load(null)}>
          Try again
        </button>
      </div>
    );
  }
  if (state.kind === "loading")
    return (
      <p class="quiet" role="status">
        Loading deals…
      </p>
    );
  if (count === 0) {
    return (
      <div class="empty">
        <h2>No deals yet</h2>
        <p>Start one with “New deal”: pick a customer, and matching cars stream in.</p>
      </div>
    );
  }
  const { next } = state;
  return next ? (
    <button type="button" class="button" onClick={() => void load(next)}>
      Show more
    </button>
  ) : null;
}
