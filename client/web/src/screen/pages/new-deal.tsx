import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type CustomerRow, createCustomer, createDeal, findCustomers, RequestFailure } from "../../api";
import { FactsForm, type Refused } from "../parts/facts-form";
import { useSurroundings } from "../parts/surroundings";

const TYPING_PAUSE_MS = 180;

/** A button that opens a search for the customer; picking one begins the deal. */
export function NewDeal({ created }: { created(id: string): void }) {
  const open = useSignal(false);
  return (
    <div class="new-deal">
      <button
        type="button"
        class="button primary"
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        New deal
      </button>
      {open.value && <CustomerPicker created={created} close={() => (open.value = false)} />}
    </div>
  );
}

function CustomerPicker({ created, close }: { created(id: string): void; close(): void }) {
  const text = useSignal("");
  const found = useSignal<CustomerRow[] | null>(null);
  /** The words that the customers were found by: Enter takes nobody while newer ones are under way. */
  const foundBy = useSignal("");
  const active = useSignal(-1);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const entering = useSignal(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      findCustomers(text.value, abort.signal).then(
        (answer) => {
          found.value = answer.customers;
          foundBy.value = text.value;
          // Without a word nobody is meant.
          active.value = text.value.trim() === "" ? -1 : 0;
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

  async function pick(customer: CustomerRow | undefined): Promise<void> {
    if (!customer || busy.value) return;
    busy.value = true;
    try {
      created((await createDeal(customer.id)).id);
    } catch (failure) {
      trouble.value = (failure as Error).message;
      busy.value = false;
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    const count = found.value?.length ?? 0;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && foundBy.value === text.value) void pick(found.value?.[active.value]);
    else if (event.key === "ArrowDown") active.value = Math.min(count - 1, active.value + 1);
    else if (event.key === "ArrowUp") active.value = Math.max(0, active.value - 1);
    else if (event.key !== "Enter") return;
    event.preventDefault();
  }

  if (entering.value) {
    return <NewCustomer name={text.value} close={() => (entering.value = false)} created={created} />;
  }
  return (
    <div class="picker">
      <label for="customer">Customer</label>
      <input
        id="customer"
        ref={input}
        type="text"
        role="combobox"
        autocomplete="off"
        aria-autocomplete="list"
        aria-controls="customers"
        aria-expanded="true"
        aria-activedescendant={active.value >= 0 && found.value?.length ? `customer-${active.value}` : undefined}
        placeholder="Name…"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {trouble.value && (
        <p class="trouble" role="alert">
          {trouble.value}
        </p>
      )}
      <ul id="customers" role="listbox" aria-label="Customers" aria-busy={busy.value}>
        {found.value?.map((customer, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keyboard, and Enter takes the active option
          <li
            key={customer.id}
            id={`customer-${i}`}
            role="option"
            aria-selected={i === active.value}
            onClick={() => void pick(customer)}
          >
            <span>{customer.name}</span>
            <span class="quiet">{customer.city}</span>
          </li>
        ))}
        {found.value?.length === 0 && (
          <li class="quiet" role="option" aria-selected="false">
            No customer with that name at your store.
          </li>
        )}
      </ul>
      <button type="button" class="button small" onClick={() => (entering.value = true)}>
        New customer
      </button>
    </div>
  );
}

/** A customer whom the store does not know yet, with a co-buyer if there is one; then the deal begins. */
function NewCustomer({ name, close, created }: { name: string; close(): void; created(id: string): void }) {
  const { user } = useSurroundings();
  const trouble = useSignal<Refused | null>(null);
  const busy = useSignal(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.querySelector<HTMLElement>(name ? "#fact-phone" : "#fact-name")?.focus(), []);
  async function save(facts: Record<string, unknown>): Promise<void> {
    const whole: Record<string, unknown> = { name, ...facts };
    busy.value = true;
    trouble.value = null;
    try {
      const stated = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null));
      created((await createDeal((await createCustomer(stated)).id)).id);
    } catch (failure) {
      const field = failure instanceof RequestFailure ? failure.field : null;
      trouble.value = { message: (failure as Error).message, field };
      busy.value = false;
    }
  }
  return (
    <div ref={place} class="picker wide" role="group" aria-label="New customer">
      <h2 class="visually-hidden">New customer</h2>
      <FactsForm
        facts={{ name }}
        scores={user.role === "desk_manager"}
        verb="Create and begin a deal"
        busy={busy.value}
        trouble={trouble.value}
        required={{ name: "Enter the name.", state: "Enter the state in which the car will be registered." }}
        cancel={close}
        done={(facts) => void save(facts)}
      />
    </div>
  );
}
