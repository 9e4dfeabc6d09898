import { amountText, type Formats } from "../../text/format";
import type { PresentationReply, ShownCell, ShownWay } from "../../wire";
import { isSamePlace, type Picture, placeOf } from "../model/choice";
import { cellLabel, differenceText } from "../model/words";
import type { OfferSession } from "../session";
import { Figure } from "./figure";

interface Props {
  session: OfferSession;
  picture: Picture;
  reply: PresentationReply;
  formats: Formats;
}

/** Terms by cash down, and what the chosen cell changes. A car paid in full has neither. */
export function Cells({ session, picture, reply, formats }: Props) {
  const { way, cell } = picture;
  if (!way || !cell || way.terms_months.length === 0) return null;
  const difference = differenceText(cell, way.own, formats);
  return (
    <fieldset class="cells">
      <legend>Choose your term and cash down</legend>
      <table>
        <thead>
          <tr>
            <td />
            {way.cash_down_cents.map((cash) => (
              <th key={cash} scope="col">
                {amountText(cash, formats)} <span class="unit">down</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {way.terms_months.map((term, row) => (
            <tr key={term}>
              <th scope="row">
                {term} <span class="unit">months</span>
              </th>
              {way.cash_down_cents.map((cash, column) => {
                const each = way.cells[row]?.[column] ?? null;
                return (
                  <td key={cash}>
                    {each ? (
                      <Cell
                        way={way}
                        cell={each}
                        chosen={isSamePlace(each, cell)}
                        session={session}
                        formats={formats}
                      />
                    ) : (
                      <span class="no-cell">Not available</span>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="difference">
        {difference ??
          (way.is_deal ? `This is what ${reply.salesperson} prepared for you.` : "Pick another field to compare.")}
      </p>
    </fieldset>
  );
}

interface CellProps {
  way: ShownWay;
  cell: ShownCell;
  chosen: boolean;
  session: OfferSession;
  formats: Formats;
}

function Cell({ way, cell, chosen, session, formats }: CellProps) {
  const { payment_cents: payment, total_cents: total } = cell.figures;
  return (
    <label class={`cell ${chosen ? "chosen" : ""}`}>
      <input
        type="radio"
        name="cell"
        checked={chosen}
        aria-label={cellLabel(cell, formats)}
        onChange={() => session.choosePlace(way.kind, placeOf(cell))}
      />
      <Figure class="cell-paid" text={formats.cents(payment ?? total)} />
      <Figure class="cell-total" text={`total ${formats.dollars(total)}`} />
    </label>
  );
}
