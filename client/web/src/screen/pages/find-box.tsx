import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { follow } from "../../router";
import type { Looked } from "../../store/lists";
import type { WallSession } from "../../wall/session";
import type { Found } from "../../wire";
import { type Store, useLookup } from "../palette/use-store";
import { useSaid } from "../parts/announced";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";

interface Props {
  session: WallSession;
  store: Store;
  mayBegin: boolean;
  input: RefObject<HTMLInputElement | null>;
}

/** One box for name, phone, deal and stock number: what it finds stands below it. */
export function FindBox({ session, store, mayBegin, input }: Props) {
  const { router } = useSurroundings();
  const lookup = useLookup(store, session.truth);
  const text = useSignal("");
  const trouble = useSignal<string | null>(null);
  useEffect(() => () => lookup.clear(), [lookup]);

  function type(words: string): void {
    text.value = words;
    trouble.value = null;
    lookup.look(words);
  }

  function begin(customerId: string): void {
    store.lists.begin(
      { customer_id: customerId },
      ({ id }) => router.go(`/deals/${id}`),
      (error) => {
        trouble.value = error.message;
      },
    );
  }

  return (
    <search class="find-box">
      <input
        ref={input}
        type="search"
        aria-label="Find a customer or a deal"
        placeholder="Name, phone, deal or stock number…  ( / )"
        autocomplete="off"
        maxLength={100}
        value={text.value}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && text.value !== "") {
            event.preventDefault();
            type("");
          }
        }}
      />
      <Outcome looked={lookup.looked.value} trouble={trouble.value} begin={mayBegin ? begin : null} />
    </search>
  );
}

interface OutcomeProps {
  looked: Looked;
  trouble: string | null;
  begin: ((customerId: string) => void) | null;
}

function Outcome({ looked, trouble, begin }: OutcomeProps) {
  const failed = trouble ?? looked.failure?.message;
  return (
    <>
      <Trouble>{failed}</Trouble>
      {looked.found && <Results found={looked.found} begin={begin} />}
    </>
  );
}

/** "2 deals and 1 customer found". */
function foundText({ deals, customers }: Found): string {
  const many = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;
  return `${many(deals.length, "deal")} and ${many(customers.length, "customer")} found`;
}

function Results({ found, begin }: { found: Found; begin: OutcomeProps["begin"] }) {
  const { router, formats } = useSurroundings();
  const none = found.customers.length + found.deals.length === 0;
  useSaid(none ? "Nobody and nothing at your store is called that." : foundText(found), "found");
  if (none) {
    return <p class="quiet">Nobody and nothing at your store is called that.</p>;
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
                onClick={() => begin(customer.id)}
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
