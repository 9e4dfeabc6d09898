import type { DealSession } from "../../../deal/session";
import type { Row } from "../../../deal/stock/rows";
import { Fact } from "../../parts/facts";
import { useSurroundings } from "../../parts/surroundings";
import { claimNotes } from "../head/notes";

/** The car itself: what it is, where it stands, what it costs, and who else wants it. */
export function CarTab({ row, session }: { row: Row; session: DealSession }) {
  const { formats } = useSurroundings();
  const view = session.view.value;
  const notes = claimNotes(row, session, formats);
  const changed = session.model.value?.cars.get(row.vehicle_id);
  return (
    <>
      <section>
        <h3>Car</h3>
        <dl class="facts">
          <Fact name="Stock no.">
            <span class="code">{row.stock_no}</span>
          </Fact>
          <Fact name="VIN">
            <span class="vin">{row.vin}</span>
          </Fact>
          <Fact name="Year">{row.year}</Fact>
          {row.trim && <Fact name="Trim">{row.trim}</Fact>}
          {row.body && <Fact name="Body">{row.body}</Fact>}
          <Fact name="Miles">{formats.count(row.mileage)}</Fact>
          {row.days_in_stock !== null && (
            <>
              <Fact name="Days in stock">
                {formats.count(row.days_in_stock)} ({row.age_bucket})
              </Fact>
              <Fact name="Days' supply">{row.days_supply === null ? "unknown" : formats.count(row.days_supply)}</Fact>
            </>
          )}
          {row.store_id !== null && (
            <Fact name="Store">
              <bdi>{row.store_id}</bdi>
            </Fact>
          )}
        </dl>
      </section>
      <section>
        <h3>Price</h3>
        <dl class="facts">
          <Fact name="Price">{formats.cents(row.price_cents)}</Fact>
          {view === "manager" && <Cost row={row} />}
          {row.floorplan_cents !== null && <Fact name="Floorplan to date">{formats.cents(row.floorplan_cents)}</Fact>}
          {changed && changed.rev === row.rev && <Fact name="Last change in stock">{formats.moment(changed.at)}</Fact>}
          {row.transfer_days ? (
            <Fact name="Transfer">
              {formats.count(row.transfer_days)} {row.transfer_days === 1 ? "day" : "days"}
            </Fact>
          ) : null}
          {row.transfer_cost_cents ? <Fact name="Transfer cost">{formats.cents(row.transfer_cost_cents)}</Fact> : null}
        </dl>
      </section>
      <section>
        <h3>Holds and other deals</h3>
        {notes.length === 0 && <p class="quiet">Nobody holds it, and no other deal has it.</p>}
        {notes.map(({ text, warns }) => (
          <p key={text} class={warns ? "hint warn" : "hint"}>
            {text}.
          </p>
        ))}
      </section>
    </>
  );
}

/** What the store paid, and what is left of the price above it. */
function Cost({ row }: { row: Row }) {
  const { formats } = useSurroundings();
  if (row.cost_cents === null) return <Fact name="Cost">unknown</Fact>;
  const spread = row.price_cents - row.cost_cents;
  return (
    <>
      <Fact name="Cost">{formats.cents(row.cost_cents)}</Fact>
      <Fact name="Price over cost">
        <span class={spread < 0 ? "negative" : ""}>{formats.cents(spread)}</span>
      </Fact>
    </>
  );
}
