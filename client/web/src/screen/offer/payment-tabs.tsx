import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { QuoteReply } from "../../wire";
import { CashPanel } from "./cash-panel";

const TABS = ["Finance", "Cash"] as const;
type Tab = (typeof TABS)[number];

interface Props {
  quote: QuoteReply;
  stale: boolean;
  children: ComponentChildren;
}

/** The ways to pay for the chosen car: financed, which is the children, or in cash. */
export function PaymentTabs({ quote, stale, children }: Props) {
  const chosen = useSignal<Tab | null>(null);
  const { cash } = quote;
  if (!cash) return <>{children}</>;
  // A car that no lender takes because the customer's cash pays all of it is a cash deal.
  const tab = chosen.value ?? (!quote.eligible && cash.covered ? "Cash" : "Finance");
  return (
    <>
      <TabList tab={tab} chosen={chosen} />
      <div role="tabpanel" id="payment-panel" aria-labelledby={`payment-${tab}`}>
        {tab === "Cash" ? <CashPanel cash={cash} stale={stale} /> : children}
      </div>
    </>
  );
}

/** Arrow keys move between the tabs; only the chosen one is reached by Tab. */
function TabList({ tab, chosen }: { tab: Tab; chosen: Signal<Tab | null> }) {
  const list = useRef<HTMLDivElement>(null);

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const next = TABS[(TABS.indexOf(tab) + 1) % TABS.length]!;
    chosen.value = next;
    list.current?.querySelector<HTMLButtonElement>(`#payment-${next}`)?.focus();
    event.preventDefault();
  }

  return (
    <div ref={list} class="payment-tabs" role="tablist" aria-label="Ways to pay" onKeyDown={onKeyDown}>
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`payment-${name}`}
          aria-selected={name === tab}
          aria-controls="payment-panel"
          tabIndex={name === tab ? 0 : -1}
          onClick={() => (chosen.value = name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
