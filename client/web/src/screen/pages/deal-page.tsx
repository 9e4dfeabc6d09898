import { useEffect, useMemo, useRef } from "preact/hooks";
import { DealSession } from "../../deal/session";
import { socketAddress } from "../../live/environment";
import { follow } from "../../router";
import type { View } from "../../wire";
import { CustomerDialog } from "../desk/customer-facts";
import { DealHeader } from "../desk/deal-header";
import { DeskBar } from "../desk/desk-bar";
import { LenderDialog } from "../desk/lender-dialog";
import { DeskDialogs } from "../desk/step-dialog";
import { Timeline } from "../desk/timeline";
import { OfferPanel } from "../offer/offer-panel";
import { Banners } from "../parts/banners";
import { useSurroundings } from "../parts/surroundings";
import { StockSection } from "../stock/stock-section";
import { StructureForm } from "../terms/structure-form";
import { HelpDialog } from "./help-dialog";

/** One deal, live. `widest` is the widest view that this person's role has. */
export function DealPage({ dealId, widest }: { dealId: string; widest: View }) {
  const { environment } = useSurroundings();
  const session = useMemo(
    () => new DealSession(dealId, socketAddress(location), environment, widest),
    [dealId, widest, environment],
  );
  const help = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const hurry = () => session.retryNow();
    const onKey = (event: KeyboardEvent) => {
      if (isPrint(event)) printPaper(event);
      else shortcut(event, help.current);
    };
    addEventListener("online", hurry);
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("online", hurry);
      removeEventListener("keydown", onKey);
      session.close();
    };
  }, [session]);

  const view = session.view.value;
  const failure = session.failure.value;
  if (failure && !failure.retry && !session.model.value) return <NoDeal message={failure.message} />;
  return (
    <div class={`page deal view-${view}`}>
      <DealHeader session={session} widest={widest} help={() => help.current?.showModal()} />
      <Banners session={session} />
      <DeskBar session={session} />
      <main class="workspace">
        <StructureForm session={session} />
        <StockSection session={session} />
        <OfferPanel session={session} />
      </main>
      {view !== "customer" && <Timeline session={session} />}
      <DeskDialogs session={session} />
      <CustomerDialog session={session} />
      <LenderDialog session={session} />
      <HelpDialog dialog={help} />
    </div>
  );
}

function NoDeal({ message }: { message: string }) {
  const { router } = useSurroundings();
  return (
    <main class="blank">
      <h1>{message}</h1>
      <p class="quiet">It may belong to another store, or the address is incomplete.</p>
      <a class="button" href="/" onClick={follow(router, "/")}>
        All deals
      </a>
    </main>
  );
}

function isPrint(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "p";
}

/** The browser's print key opens the paper. The screen itself does not print: it may show internal figures. */
function printPaper(event: KeyboardEvent): void {
  event.preventDefault();
  document.querySelector<HTMLAnchorElement>(".print-links a")?.click();
}

/** `/` goes to the row filter and `?` opens the help, unless the person is typing. */
function shortcut(event: KeyboardEvent, help: HTMLDialogElement | null): void {
  const target = event.target as HTMLElement;
  const typing = target.matches("input, select, textarea");
  if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === "/") document.getElementById("row-filter")?.focus();
  else if (event.key === "?") help?.showModal();
  else return;
  event.preventDefault();
}
