import { isOpen } from "../../../deal/desk/steps";
import { figuresOf, paymentText } from "../../../deal/model/figures";
import type { DealSession } from "../../../deal/session";
import { MOST_MARKED } from "../../../deal/stock/chosen/marks";
import { type Kept, keptCars } from "../../../deal/stock/chosen/pins";
import { carName } from "../../../text/readable";
import { useSurroundings } from "../../parts/surroundings";
import { Trouble } from "../../parts/trouble";
import { GRID_SUBJECT, pin } from "./giving";

/** The deal's car and the pinned ones, for everybody in the deal, on top of the grid; and the cars to compare. */
export function PinStrip({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  const kept = deal ? keptCars(deal) : [];
  const { marks } = session.grid;
  const marked = marks.marked.value;
  const pins = kept.map(({ offer }) => offer.vehicle_id);
  const trouble = session.desk.troubles.value.get(GRID_SUBJECT);
  return (
    <section class="pins" aria-label="Kept on top for everyone">
      <ul>
        {/* The place of the deal's car: with none, the pinned ones stand where they do with one. */}
        {kept.length > 0 && !kept[0]?.selected && <li class="pinned is-own none">No car on the deal yet</li>}
        {kept.map((each) => (
          <Pinned key={each.offer.vehicle_id} kept={each} session={session} />
        ))}
      </ul>
      {kept.length === 0 && !trouble && <p class="quiet">Pin cars with P: they stay here for everyone on the deal.</p>}
      {trouble && (
        <Trouble>
          {trouble.message}{" "}
          <button type="button" class="link" onClick={() => session.desk.dismiss(GRID_SUBJECT)}>
            Dismiss
          </button>
        </Trouble>
      )}
      <span class="compare-start">
        <span class="quiet">
          {marked.length === 1 ? "Mark another car with C" : marked.length > 1 && `${marked.length} of ${MOST_MARKED}`}
        </span>
        <button
          type="button"
          class="button small"
          aria-keyshortcuts="C"
          disabled={!marks.enough(pins)}
          onClick={() => marks.compare(pins)}
        >
          Compare
          <span class="key" aria-hidden="true">
            C
          </span>
        </button>
      </span>
    </section>
  );
}

function Pinned({ kept: { offer, selected, pinned }, session }: { kept: Kept; session: DealSession }) {
  const { formats } = useSurroundings();
  const { grid } = session;
  const { vehicle_id: id, car } = offer;
  const name = carName(car);
  const deal = session.model.value?.deal;
  const marked = grid.marks.marked.value.some((mark) => mark.vehicleId === id);
  const open = session.can("select") && deal !== undefined && isOpen(deal);
  return (
    <li class={`pinned ${selected ? "is-own" : ""} ${grid.selected.value === id ? "selected" : ""}`}>
      <button
        type="button"
        class="pinned-car"
        title={`${name} ${car.trim} · ${car.stock_no}`}
        onClick={() => grid.select(id)}
      >
        <span class="pin-mark" aria-hidden="true" />
        {selected && <b>On the deal: </b>}
        <span class="name">
          {car.year} {car.model}
        </span>
        <span class="pay">{paymentText(figuresOf(offer), formats)}</span>
      </button>
      <button
        type="button"
        class="tool compare"
        aria-pressed={marked}
        aria-label={`Compare ${name}`}
        onClick={() => grid.marks.press(id, true)}
      />
      {pinned && open && (
        <button type="button" class="tool unpin" aria-label={`Unpin ${name}`} onClick={() => pin(session, id)} />
      )}
    </li>
  );
}
