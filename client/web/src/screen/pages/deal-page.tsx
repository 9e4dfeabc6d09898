import { useEffect, useMemo, useRef } from "preact/hooks";
import { DealSession } from "../../deal/session";
import { socketAddress } from "../../live/environment";
import { withRecent } from "../../palette/entries";
import type { View } from "../../wire";
import { Timeline } from "../desk/activity/timeline";
import { useStorySaid } from "../desk/activity/use-story-said";
import { CustomerDialog } from "../desk/customer-facts";
import { DealHeader } from "../desk/deal-header";
import { DeskBar } from "../desk/desk-bar";
import { DeskDialogs } from "../desk/step-dialog";
import { OfferPanel } from "../offer/offer-panel";
import { FIRST_PICK } from "../offer/picks";
import { useDealPalette } from "../palette/use-deal";
import { Banners } from "../parts/banners";
import { BlankPage } from "../parts/blank-page";
import { useShortcuts } from "../parts/shortcuts";
import { useSurroundings } from "../parts/surroundings";
import { ScenarioStrip } from "../scenarios/scenario-strip";
import { NeedsAnswer } from "../standing/needs-answer";
import { StockSection } from "../stock/stock-section";
import { StructureForm } from "../terms/structure-form";
import { HelpDialog } from "./help-dialog";

/** One deal, live. `widest` is the widest view that this person's role has. */
export function DealPage({ dealId, widest }: { dealId: string; widest: View }) {
  const { environment, palette, managers } = useSurroundings();
  const session = useMemo(
    () => new DealSession(dealId, socketAddress(location), environment, widest),
    [dealId, widest, environment],
  );
  const help = useRef<HTMLDialogElement>(null);
  useEffect(() => () => session.close(), [session]);
  useShortcuts(["deal", "everywhere"], {
    find: () => document.getElementById("row-filter")?.focus(),
    help: () => help.current?.showModal(),
    print: printPaper,
    best: () => document.getElementById(FIRST_PICK)?.click(),
  });
  const name = session.model.value?.deal.customer.name;
  useEffect(() => {
    if (palette && name) palette.recent.value = withRecent(palette.recent.peek(), { id: dealId, title: name });
  }, [palette, dealId, name]);
  useStorySaid(session);
  useDealPalette(session, () => help.current?.showModal());

  const forManagers = managers?.value.deal;
  const failure = session.failure.value;
  if (failure && !failure.retry && !session.model.value) {
    return <BlankPage title={failure.message} text="It may belong to another store, or the address is incomplete." />;
  }
  return (
    <div class="page deal">
      <SkipLink />
      <DealHeader session={session} help={() => help.current?.showModal()} />
      <NeedsAnswer session={session} label="Decisions">
        <DeskBar session={session} />
      </NeedsAnswer>
      <ScenarioStrip session={session} />
      <main class="workspace">
        <StructureForm session={session} />
        <StockSection session={session} />
        <OfferPanel session={session} />
      </main>
      <Timeline session={session} />
      <DeskDialogs session={session} />
      <CustomerDialog session={session} />
      {forManagers && <forManagers.LenderDialog session={session} />}
      {forManagers && <forManagers.AssignDialog session={session} />}
      <HelpDialog dialog={help} page="deal" />
      <Banners session={session} />
    </div>
  );
}

/** The first stop of the keyboard: from here the cars are one press away. */
function SkipLink() {
  const skip = (event: Event) => {
    event.preventDefault();
    document.querySelector<HTMLElement>(".grid [data-column][tabindex='0']")?.focus();
  };
  return (
    // biome-ignore lint/a11y/useValidAnchor: a link within the page, whose address stays that of the deal
    <a class="skip-link" href="#cars" onClick={skip}>
      Skip to cars
    </a>
  );
}

/** The browser's print key opens the paper. The screen itself does not print: it may show internal figures. */
function printPaper(): void {
  document.querySelector<HTMLAnchorElement>(".print-links a")?.click();
}
