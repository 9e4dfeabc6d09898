import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import {
  type Candidate,
  candidatesOf,
  NOTHING_STATED,
  statedAfter,
  termChoices,
  toggled,
  withCash,
} from "../../../deal/desk/presenting";
import type { Deal } from "../../../deal/model/fold";
import type { DealSession } from "../../../deal/session";
import { DEAL_KINDS } from "../../../deal/terms/fields";
import { parseMoney } from "../../../text/parse";
import { DealKind, MAX_SHOWN, type Presentation, type PresentationReply } from "../../../wire";
import { DraftInput } from "../../parts/draft-input";
import { useSurroundings } from "../../parts/surroundings";

const SUBJECT = "present";
/** Several ticks in a row are one change. */
const PAUSE_MS = 500;
const PLACES = Array.from({ length: MAX_SHOWN }, (_, place) => place);

/** Cars, ways to pay, terms and cash down that the customer sees; what is left open follows the deal. */
export function ShownChoices({ session, deal }: { session: DealSession; deal: Deal }) {
  const { formats } = useSurroundings();
  const draft = useSignal<Presentation | null>(null);
  const resolved = useSignal<Presentation | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const { presentation } = deal;
  useEffect(() => {
    if (timer.current === null) draft.value = null;
    session.ask({ type: "presentation", channel: `deal:${deal.id}` }, (reply) => {
      if (reply.ok) resolved.value = (reply.data as unknown as PresentationReply).shown;
    });
  }, [presentation]);

  const stated = draft.value ?? presentation ?? NOTHING_STATED;
  const open = resolved.value;
  const { selected } = session.grid;
  const id = selected.value;
  const looked = id === null ? null : { vehicle_id: id, name: session.carName(id) };
  // A car keeps its place while the dialog is open, whatever others pin or take out.
  const places = useRef(new Map<string, Candidate>());
  for (const car of candidatesOf(deal, looked)) places.current.set(car.vehicle_id, car);
  const cars = [...places.current.values()];
  const terms = termChoices(deal, stated);

  function send(): void {
    if (timer.current === null) return;
    clearTimeout(timer.current);
    timer.current = null;
    if (draft.value) session.desk.give(SUBJECT, { type: "present", ...draft.value });
  }
  useEffect(() => send, []);

  function state(change: Partial<Presentation>): void {
    const wanted = statedAfter(stated, change, open);
    draft.value = wanted;
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = setTimeout(send, PAUSE_MS);
  }
  const order = cars.map((car) => car.vehicle_id);
  return (
    <section class="shown-choices" aria-label="What the customer sees">
      <fieldset>
        <legend>Cars, up to {MAX_SHOWN}</legend>
        <div class="shown-cars">
          {cars.length === 0 && <p class="quiet">Choose a car in the list first, or put one on the deal.</p>}
          {cars.map(({ vehicle_id, name, source }) => (
            <Choice
              key={vehicle_id}
              checked={stated.vehicle_ids.includes(vehicle_id)}
              full={stated.vehicle_ids.length >= MAX_SHOWN}
              toggle={() => state({ vehicle_ids: toggled(stated.vehicle_ids, vehicle_id, order) })}
            >
              <bdi>{name}</bdi> <span class="quiet">{source.toLowerCase()}</span>
            </Choice>
          ))}
        </div>
        <Left shown={stated.vehicle_ids.length !== 1 && stated.vehicle_ids.length !== 2} text={carsText(stated)} />
      </fieldset>
      <fieldset>
        <legend>Ways to pay</legend>
        <div class="choice-row">
          {DealKind.map((kind) => (
            <Choice
              key={kind}
              checked={stated.kinds.includes(kind)}
              full={false}
              toggle={() => state({ kinds: toggled(stated.kinds, kind, DealKind) })}
            >
              {DEAL_KINDS[kind]}
            </Choice>
          ))}
        </div>
        <Left
          shown={stated.kinds.length === 0}
          text={`None picked: ${open ? formats.list(open.kinds.map((kind) => DEAL_KINDS[kind].toLowerCase())) : "as the deal"}.`}
        />
      </fieldset>
      <fieldset>
        <legend>Terms, up to {MAX_SHOWN}</legend>
        <div class="choice-row">
          {terms.map((term) => (
            <Choice
              key={term}
              checked={stated.terms_months.includes(term)}
              full={stated.terms_months.length >= MAX_SHOWN}
              toggle={() => state({ terms_months: toggled(stated.terms_months, term, terms) })}
            >
              {term}
            </Choice>
          ))}
        </div>
        <Left
          shown={stated.terms_months.length === 0}
          text={`None picked: ${open?.terms_months.length ? formats.list(open.terms_months.map(String)) : "as the deal"}.`}
        />
      </fieldset>
      <fieldset>
        <legend>Cash down</legend>
        <div class="choice-row">
          {PLACES.map((place) => (
            <div key={place}>
              <label class="visually-hidden" for={`shown-cash-${place}`}>
                Cash down {place + 1}
              </label>
              <DraftInput<number | null>
                id={`shown-cash-${place}`}
                value={stated.cash_down_cents[place] ?? null}
                served
                show={(cents) => (cents === null ? "" : formats.dollars(cents))}
                parse={(text) => parseMoney(text, formats)}
                commit={(cents) => state({ cash_down_cents: withCash(stated.cash_down_cents, place, cents) })}
                placeholder={
                  open?.cash_down_cents[place] === undefined ? "" : formats.dollars(open.cash_down_cents[place])
                }
              />
            </div>
          ))}
        </div>
        <Left
          shown={stated.cash_down_cents.length === 0}
          text="Left open: the deal's cash with a step on either side."
        />
      </fieldset>
    </section>
  );
}

function carsText({ vehicle_ids: cars }: Presentation): string {
  return cars.length === 0 ? "None picked: the deal's car." : "To pick another car, take one out first.";
}

interface ChoiceProps {
  checked: boolean;
  /** Whether no more can be picked. */
  full: boolean;
  toggle(): void;
  children: preact.ComponentChildren;
}

function Choice({ checked, full, toggle, children }: ChoiceProps) {
  return (
    <label class="shown-choice">
      <input type="checkbox" checked={checked} disabled={full && !checked} onChange={toggle} />
      <span>{children}</span>
    </label>
  );
}

/** What stands for a choice that is left open; its line stays when there is none. */
function Left({ shown, text }: { shown: boolean; text: string }) {
  return <p class="left-open">{shown ? text : ""}</p>;
}
