import { useMemo } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { isOver } from "../../deal/stock/best";
import { firstOrder } from "../../deal/stock/columns";
import { picksOf } from "../../deal/stock/picks";
import type { Row } from "../../deal/stock/rows";
import { briefLender } from "../../text/readable";
import { useSurroundings } from "../parts/surroundings";

export const FIRST_PICK = "first-pick";

const PICKS = [
  ["Best deal", null],
  ["Lowest payment", "payment_cents"],
  ["Least cash down", "cash_down_cents"],
] as const;

/** The cars to look at first, each one press away. Their places are there before they are. */
export function Picks({ session }: { session: DealSession }) {
  const picture = session.grid.picture.value;
  const view = session.view.value;
  const over = isOver({ ...picture, reason: session.model.value?.search?.reason ?? null }) && !picture.stale;
  const found = useMemo(() => {
    const keys = PICKS.map(([, key]) => key);
    return over ? picksOf(picture.rows, keys, firstOrder(view, session.scores), picture.leastPayment) : [];
    // Another order or filter changes no offer: only then are the ranks other ones, or the cars fewer.
  }, [over, picture.ranks, picture.matched, picture.leastPayment, view]);
  return (
    <section>
      <h2>Start with</h2>
      <ul class="picks">
        {PICKS.map(([words], place) => {
          const row = found[place];
          return (
            <li key={words}>
              <button
                type="button"
                id={place === 0 ? FIRST_PICK : undefined}
                disabled={!row}
                onClick={() => {
                  if (row) session.grid.selected.value = row.vehicle_id;
                }}
              >
                <span class="quiet">
                  {words} {place === 0 && <kbd>B</kbd>}
                </span>
                {row && <Figures key={row.vehicle_id} row={row} />}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Figures({ row }: { row: Row }) {
  const { formats } = useSurroundings();
  const { kind, payment_cents: payment, out_the_door_cents: price, cash_down_cents: cash, npv_cents: npv } = row;
  return (
    <>
      <b>
        {price === null ? formats.cents(payment ?? 0) : formats.dollars(price)}
        <small>{price === null ? ` × ${row.term_months}${kind === "lease" ? " lease" : ""}` : " cash"}</small>
      </b>
      <span>
        {row.year} {row.make} {row.model} {row.trim}
      </span>
      <span class="quiet">{npv !== null && `NPV ${formats.dollars(npv)}`}</span>
      <span class="quiet">
        {cash !== null && `${formats.dollars(cash)} down`}
        {row.lender && ` · ${briefLender(row.lender)}`}
      </span>
    </>
  );
}
