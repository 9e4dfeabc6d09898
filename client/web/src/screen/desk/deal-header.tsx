import { useEffect } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { StateChip } from "../parts/state-chip";
import { TopBar } from "../parts/top-bar";
import { StandingMark } from "../standing/standing-mark";
import { CustomerLine } from "./customer-facts";
import { PresentTools } from "./presenting/present-tools";

export function DealHeader({ session, help }: { session: DealSession; help(): void }) {
  const deal = session.model.value?.deal;
  useEffect(() => {
    document.title = `${deal?.customer.name ?? "Deal"} · Deal Architect`;
  }, [deal?.customer.name]);
  return (
    <TopBar aside={<HeaderTools session={session} help={help} />}>
      <h1 class="customer">{deal ? deal.customer.name : <LoadingName />}</h1>
      {deal && <StateChip state={deal.state} fulfilment={deal.fulfilment} />}
      <CustomerLine session={session} />
      <StandingMark session={session} />
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

function HeaderTools({ session, help }: { session: DealSession; help(): void }) {
  return (
    <div class="tools">
      <PresentTools session={session} />
      <button type="button" class="button small icon" aria-label="Help and keys" onClick={help}>
        ?
      </button>
    </div>
  );
}
