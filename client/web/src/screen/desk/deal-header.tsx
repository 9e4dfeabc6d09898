import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { clockText, type Since } from "../../deal/model/since";
import type { DealSession } from "../../deal/session";
import { StateChip } from "../parts/state-chip";
import { TopBar } from "../parts/top-bar";
import { StandingMark } from "../standing/standing-mark";
import { Seller } from "./assigning/seller";
import { CustomerLine } from "./customer-facts";
import { Here } from "./here";
import { PresentTools } from "./presenting/present-tools";

const SECOND_MS = 1_000;

/** The customer, where the deal stands and for how long, who is here, and whether the page is current. */
export function DealHeader({ session, help }: { session: DealSession; help(): void }) {
  const deal = session.model.value?.deal;
  useEffect(() => {
    document.title = `${deal?.customer.name ?? "Deal"} · Deal Architect`;
  }, [deal?.customer.name]);
  return (
    <TopBar aside={<HeaderTools session={session} help={help} />}>
      <div class="deal-card">
        <div class="card-head">
          <h1 class="customer">{deal ? deal.customer.name : <LoadingName />}</h1>
          <Seller session={session} />
        </div>
        <CustomerLine session={session} />
      </div>
      <div class="deal-state">
        {deal && <StateChip state={deal.state} fulfilment={deal.fulfilment} />}
        <InState session={session} />
      </div>
      <Here session={session} />
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

/** How long the deal is in its state, in a place that is as wide as any time. */
function InState({ session }: { session: DealSession }) {
  const since = session.model.value?.since ?? null;
  return <span class="in-state">{since !== null && <Clock since={since} ahead={session.ahead.value} />}</span>;
}

function Clock({ since, ahead }: { since: Since; ahead: number }) {
  const passed = () => Date.now() + (ahead || 0) - Date.parse(since.at);
  const text = useSignal(clockText(passed()));
  useEffect(() => {
    const tick = () => (text.value = clockText(passed()));
    tick();
    const timer = setInterval(tick, SECOND_MS);
    return () => clearInterval(timer);
  }, [since.at, ahead]);
  return (
    <time dateTime={since.at}>
      <span class="visually-hidden">{since.longer ? "for more than " : "for "}</span>
      {since.longer && <span aria-hidden="true">&gt;</span>}
      {text.value}
    </time>
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
