import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { fieldRefusal } from "../../deal/terms/fields";
import { answers, isAwaited } from "../../store/lists";
import type { WallSession } from "../../wall/session";
import type { CustomerFacts, ErrorBody, FoundCustomer } from "../../wire";
import { useLayer } from "../focus/layers";
import { type Store, useLookup } from "../palette/use-store";
import { FactsForm, type Refused } from "../parts/facts-form";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";

interface Props {
  session: WallSession;
  store: Store;
  created(id: string): void;
}

/** A button that opens a search for the customer; picking one begins the deal. */
export function NewDeal(props: Props) {
  const open = useSignal(false);
  const place = useRef<HTMLDivElement>(null);
  useLayer(open.value, () => (open.value = false), place);
  return (
    <div class="new-deal" ref={place}>
      <button
        type="button"
        class="button primary"
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        New deal
      </button>
      {open.value && <CustomerPicker {...props} />}
    </div>
  );
}

function CustomerPicker({ session, store, created }: Props) {
  const lookup = useLookup(store, session.truth);
  const text = useSignal("");
  const active = useSignal(0);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  const entering = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const { found, failure } = lookup.looked.value;
  const customers = found?.customers ?? [];
  // Enter takes nobody while the answer to newer words is under way.
  const awaited = isAwaited(lookup.looked.value, text.value);
  const current = answers(lookup.looked.value, text.value);

  useLayoutEffect(() => {
    input.current?.focus();
    return () => lookup.clear();
  }, [lookup]);

  function pick(customer: FoundCustomer | undefined): void {
    if (!customer || busy.value) return;
    busy.value = true;
    store.lists.begin(
      { customer_id: customer.id },
      ({ id }) => created(id),
      (error) => {
        trouble.value = error.message;
        busy.value = false;
      },
    );
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter" && current) pick(customers[active.value]);
    else if (event.key === "ArrowDown") active.value = Math.min(customers.length - 1, active.value + 1);
    else if (event.key === "ArrowUp") active.value = Math.max(0, active.value - 1);
    else if (event.key !== "Enter") return;
    event.preventDefault();
  }

  if (entering.value) {
    return <NewCustomer name={text.value} store={store} close={() => (entering.value = false)} created={created} />;
  }
  const failed = trouble.value ?? failure?.message;
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
        aria-activedescendant={customers.length > 0 ? `customer-${active.value}` : undefined}
        placeholder="Name or phone…"
        maxLength={100}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          active.value = 0;
          lookup.look(text.value);
        }}
        onKeyDown={onKeyDown}
      />
      <Trouble>{failed}</Trouble>
      <ul id="customers" role="listbox" aria-label="Customers" aria-busy={busy.value || awaited}>
        {customers.map((customer, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keyboard, and Enter takes the active option
          <li
            key={customer.id}
            id={`customer-${i}`}
            role="option"
            aria-selected={i === active.value}
            onClick={() => pick(customer)}
          >
            <span>{[customer.name, customer.co_name].filter(Boolean).join(" and ")}</span>
            <span class="quiet">{[customer.city, customer.phone].filter(Boolean).join(" · ")}</span>
          </li>
        ))}
        {customers.length === 0 && (
          <li class="quiet" role="option" aria-selected="false" aria-disabled="true">
            {text.value.trim() === ""
              ? "Type a name or a phone number."
              : current
                ? "No customer with that name at your store."
                : "Looking…"}
          </li>
        )}
      </ul>
      <button type="button" class="button small" onClick={() => (entering.value = true)}>
        New customer
      </button>
    </div>
  );
}

interface NewCustomerProps {
  name: string;
  store: Store;
  close(): void;
  created(id: string): void;
}

/** A customer whom the store does not know yet, with a co-buyer if there is one; then the deal begins. */
function NewCustomer({ name, store, close, created }: NewCustomerProps) {
  const { user } = useSurroundings();
  const trouble = useSignal<Refused | null>(null);
  const busy = useSignal(false);
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => place.current?.querySelector<HTMLElement>(name ? "#fact-phone" : "#fact-name")?.focus(), []);
  function save(facts: Record<string, unknown>): void {
    const whole: Record<string, unknown> = { name, ...facts };
    busy.value = true;
    trouble.value = null;
    const stated = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null));
    store.lists.begin(
      { customer: stated as unknown as CustomerFacts },
      ({ id }) => created(id),
      (error) => {
        trouble.value = refusedOf(error);
        busy.value = false;
      },
    );
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
        done={save}
      />
    </div>
  );
}

/** The field of a refusal is named as the command has it: `customer.phone`. */
function refusedOf(error: ErrorBody): Refused {
  const { field } = error.detail as { field?: string };
  return { message: fieldRefusal(error), field: field?.split(".").at(-1) ?? null };
}
