import type { PencilPicture } from "../../../deal/pencil/pencil";
import { wayOf } from "../../../deal/pencil/ways";
import type { DealSession } from "../../../deal/session";
import type { Row } from "../../../deal/stock/rows";
import type { DealKind } from "../../../wire";
import { NeedsAnswer } from "../../standing/needs-answer";
import { ChoiceBar } from "./choice-bar";
import { Figure } from "./figure";
import { HeadFacts } from "./head-facts";
import { PickSlot } from "./pick-slot";
import { PrintLink } from "./print-links";
import { WhyNot } from "./why-not";

interface Props {
  row: Row;
  session: DealSession;
  picture: PencilPicture;
  /** The way to pay that is shown; null before the quote is there. */
  way: DealKind | null;
}

/** The head of the panel, always in sight: the car, its figures or why it has none, and what can be done with it. */
export function Head({ row, session, picture, way }: Props) {
  const { quote, asking } = picture;
  const stale = (asking || session.grid.picture.value.stale) && quote !== null;
  const refused = quote ? !quote.eligible && way === wayOf(quote) : row.value === "none";
  return (
    <header class="headline" aria-busy={asking}>
      <div class="offer-car">
        <h2>
          {row.year} {row.make} {row.model}
        </h2>
        <p class="quiet">
          <span class="code">{row.stock_no}</span>
          {[row.trim, row.body].filter(Boolean).map((part) => ` · ${part}`)}
        </p>
        <PrintLink vehicleId={row.vehicle_id} way={way} session={session} />
        <button type="button" class="button small icon close" aria-label="Close" onClick={() => session.grid.close()}>
          ×
        </button>
      </div>
      <div class={stale ? "offer-figures stale" : "offer-figures"}>
        <Figure row={row} picture={picture} way={way} refused={refused} />
        {refused ? <WhyNot about={quote ?? row} session={session} /> : <HeadFacts row={row} quote={quote} way={way} />}
      </div>
      <NeedsAnswer session={session}>
        <ChoiceBar row={row} session={session} way={way} />
        <PickSlot row={row} session={session} picture={picture} way={way} />
      </NeedsAnswer>
    </header>
  );
}
