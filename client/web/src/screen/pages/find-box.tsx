import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { createDeal, type DealRow, type FoundCustomer, find } from "../../api";
import { follow } from "../../router";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";

const TYPING_PAUSE_MS = 180;

interface Answer {
  customers: FoundCustomer[];
  deals: DealRow[];
}

/** One box for name, phone, deal and stock number: what it finds stands below it. */
export function FindBox({ mayBegin }: { mayBegin: boolean }) {
  const { router } = useSurroundings();
  const text = useSignal("");
  const found = useSignal<Answer | null>(null);
  const trouble = useSignal<string | null>(null);

  useEffect(() => {
    if (text.value.trim() === "") {
      found.value = null;
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      find(text.value, abort.signal).then(
        (answer) => {
          found.value = answer;
          trouble.value = null;
        },
        (failure: Error) => {
          if (failure.name !== "AbortError") trouble.value = failure.message;
        },
      );
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text.value]);

  async function begin(customerId: string): Promise<void> {
    try {
      router.go(`/deals/${(await createDeal(customerId)).id}`);
    } catch (failure) {
      trouble.value = (failure as Error).message;
    }
  }

  return (
    <search class="find-box">
      <input
        type="search"
        aria-label="Find a customer or a deal"
        placeholder="Name, phone, deal or stock number…"
        autocomplete="off"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") text.value = "";
        }}
      />
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      {found.value && <Results found={found.value} begin={mayBegin ? begin : null} />}
    </search>
  );
}

function Results({ found, begin }: { found: Answer; begin: ((customerId: string) => Promise<void>) | null }) {
  const { router, formats } = useSurroundings();
  if (found.customers.length + found.deals.length === 0) {
    return (
      <p class="quiet" role="status">
        Nobody and nothing at your store is called that.
      </p>
    );
  }
  return (
    <div class="found">
      <ul aria-label="Deals found">
        {found.deals.map((deal) => (
          <li key={deal.id}>
            <a href={`/deals/${deal.id}`} onClick={follow(router, `/deals/${deal.id}`)}>
              <bdi>{deal.customer}</bdi>
            </a>{" "}
            <StateChip state={deal.state} fulfilment={deal.fulfilment} />{" "}
            <span class="quiet">{formats.moment(deal.updated_at)}</span>
          </li>
        ))}
      </ul>
      <ul aria-label="Customers found">
        {found.customers.map((customer) => (
          <li key={customer.id}>
            <bdi>{[customer.name, customer.co_name].filter(Boolean).join(" and ")}</bdi>{" "}
            <span class="quiet">{[customer.city, customer.phone].filter(Boolean).join(" · ")}</span>
            {begin && (
              <button
                type="button"
                class="button small"
                aria-label={`New deal for ${customer.name}`}
                onClick={() => void begin(customer.id)}
              >
                New deal
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
