import type { PencilPicture } from "../../../deal/pencil/pencil";
import { waysOf } from "../../../deal/pencil/ways";
import type { DealSession } from "../../../deal/session";
import type { Row } from "../../../deal/stock/rows";
import { DEAL_KINDS } from "../../../deal/terms/fields";
import type { DealKind, QuoteReply } from "../../../wire";
import { PencilGrid } from "../grids/pencil-grid";
import { RollControl } from "../grids/roll-control";
import { CashFacts } from "../ways/cash-panel";
import { KindSwitch } from "../ways/kind-switch";
import { LeasePanel } from "../ways/lease-panel";
import { TabList, tabId } from "./tab-list";

const PANEL = "payment-panel";

interface Props {
  row: Row;
  quote: QuoteReply;
  way: DealKind;
  picture: PencilPicture;
  session: DealSession;
  choose(way: DealKind): void;
}

/** Finance, lease, cash: the grid of each, and how the payment is brought to an amount. */
export function PencilTab({ row, quote, way, picture, session, choose }: Props) {
  const ways = waysOf(quote);
  const panel = <Way row={row} quote={quote} way={way} picture={picture} session={session} />;
  return (
    <>
      {ways.length < 2 ? (
        panel
      ) : (
        <>
          <TabList
            label="Ways to pay"
            kind="payment-tabs"
            panel={PANEL}
            tabs={ways.map((each) => [each, DEAL_KINDS[each]] as const)}
            chosen={way}
            choose={choose}
          />
          <div role="tabpanel" id={PANEL} aria-labelledby={tabId(PANEL, way)}>
            {panel}
          </div>
        </>
      )}
      {/* At the end, where they move nothing; the head says the first of them. */}
      {quote.warnings.map((warning) => (
        <p key={warning.code} class="hint warn">
          {warning.message}
        </p>
      ))}
    </>
  );
}

function Way({ row, quote, way, picture: { asking }, session }: Omit<Props, "choose">) {
  return (
    <>
      <KindSwitch way={way} session={session} />
      {way === "cash" && quote.cash ? (
        <CashFacts cash={quote.cash} stale={asking} />
      ) : way === "lease" ? (
        <LeasePanel quote={quote} stale={asking} session={session} />
      ) : (
        <>
          <PencilGrid quote={quote} asking={asking} session={session} />
          <RollControl key={row.vehicle_id} quote={quote} asking={asking} session={session} />
        </>
      )}
    </>
  );
}
