import { useEffect } from "preact/hooks";
import type { DealSession, Standing } from "../../deal/session";
import type { View } from "../../wire";
import { StateChip } from "../parts/state-chip";
import { TopBar } from "../parts/top-bar";
import { CustomerLine } from "./customer-facts";

const STANDINGS: Record<Standing, string> = {
  live: "Live",
  catching_up: "Catching up",
  offline: "Offline",
  ended: "Disconnected",
};

export function DealHeader({ session, widest, help }: { session: DealSession; widest: View; help(): void }) {
  const deal = session.model.value?.deal;
  useEffect(() => {
    document.title = `${deal?.customer.name ?? "Deal"} · Deal Architect`;
  }, [deal?.customer.name]);
  return (
    <TopBar aside={<HeaderTools session={session} widest={widest} help={help} />}>
      <h1 class="customer">{deal ? deal.customer.name : <LoadingName />}</h1>
      {deal && <StateChip state={deal.state} fulfilment={deal.fulfilment} />}
      <CustomerLine session={session} />
      <Standings session={session} />
    </TopBar>
  );
}

function LoadingName() {
  return (
    <>
      <span class="visually-hidden">Deal</span>
      <span class="skeleton wide" />
    </>
  );
}

function HeaderTools({ session, widest, help }: { session: DealSession; widest: View; help(): void }) {
  const forCustomer = session.view.value === "customer";
  return (
    <div class="tools">
      <button
        type="button"
        class="button small"
        aria-pressed={forCustomer}
        title="Customer view: the page shows and keeps nothing internal"
        onClick={() => session.show(forCustomer ? widest : "customer")}
      >
        {forCustomer ? "Back to desk view" : "Customer view"}
      </button>
      <button type="button" class="button small icon" aria-label="Help and keys" onClick={help}>
        ?
      </button>
    </div>
  );
}

function Standings({ session }: { session: DealSession }) {
  const standing = session.standing.value;
  return (
    <span class={`standing ${standing}`} role="status">
      <span class="dot" aria-hidden="true" />
      {STANDINGS[standing]}
    </span>
  );
}
