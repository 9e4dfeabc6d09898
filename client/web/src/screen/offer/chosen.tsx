import { type Signal, useSignal } from "@preact/signals";
import type { PencilPicture } from "../../deal/pencil/pencil";
import { wayOf, waysOf } from "../../deal/pencil/ways";
import type { DealSession } from "../../deal/session";
import type { Row } from "../../deal/stock/rows";
import type { DealKind } from "../../wire";
import { Head } from "./head/head";
import { CarTab } from "./tabs/car-tab";
import { ContractTab } from "./tabs/contract-tab";
import { PencilTab } from "./tabs/pencil-tab";
import { OFFER_TABS, type OfferTab } from "./tabs/remembered";
import { TabList, tabId } from "./tabs/tab-list";
import { TabSkeleton } from "./tabs/tab-skeleton";
import { ValueTab } from "./tabs/value-tab";

const PANEL = "offer-panel";
const WORDS: Record<OfferTab, string> = { pencil: "Pencil", value: "Value", contract: "Contract", car: "Car" };

interface Props {
  row: Row;
  session: DealSession;
  /** The tab that is open, whichever car is chosen. */
  tab: Signal<OfferTab>;
}

/** The chosen car: its head, and the tabs of its offer beneath. */
export function Chosen({ row, session, tab }: Props) {
  const picture = session.pencil.picture.value;
  const shown: PencilPicture =
    picture.vehicleId === row.vehicle_id ? picture : { ...picture, quote: null, frontier: null, asking: true };
  const { quote } = shown;
  const chosen = useSignal<DealKind | null>(null);
  const ways = quote ? waysOf(quote) : [];
  const way = chosen.value && ways.includes(chosen.value) ? chosen.value : quote && wayOf(quote);
  const open = tab.value;
  return (
    <>
      <Head row={row} session={session} picture={shown} way={way} />
      <div class="offer-main">
        <TabList
          label="The offer"
          kind="offer-tabs"
          panel={PANEL}
          tabs={OFFER_TABS.map((each) => [each, WORDS[each]] as const)}
          chosen={open}
          choose={(next) => (tab.value = next)}
        />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it by its own focus */}
        <div class="offer-body" role="tabpanel" id={PANEL} aria-labelledby={tabId(PANEL, open)} tabIndex={0}>
          <Tab
            open={open}
            row={row}
            session={session}
            picture={shown}
            way={way}
            choose={(next) => (chosen.value = next)}
          />
        </div>
      </div>
    </>
  );
}

interface TabProps extends Omit<Props, "tab"> {
  open: OfferTab;
  picture: PencilPicture;
  way: DealKind | null;
  choose(way: DealKind): void;
}

function Tab({ open, row, session, picture, way, choose }: TabProps) {
  const { quote, asking } = picture;
  if (open === "car") return <CarTab row={row} session={session} />;
  if (!quote || !way) return <TabSkeleton tab={open} />;
  if (open === "value") return <ValueTab row={row} quote={quote} way={way} picture={picture} session={session} />;
  if (open === "contract")
    return <ContractTab vehicleId={row.vehicle_id} quote={quote} way={way} asking={asking} session={session} />;
  return <PencilTab row={row} quote={quote} way={way} picture={picture} session={session} choose={choose} />;
}
