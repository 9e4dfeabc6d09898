import { Fragment } from "preact";
import type { Formats } from "../../text/format";
import type { DealKind, PresentationReply } from "../../wire";
import { carPicture, type Picture } from "../model/choice";
import { factsOf, KINDS, paidText } from "../model/words";
import type { OfferSession } from "../session";
import { Figure } from "./figure";

interface Props {
  session: OfferSession;
  reply: PresentationReply;
  /** The id of the chosen car. */
  chosen: string;
  formats: Formats;
}

/** One to three cars, each with what it costs in the chosen way; of several, one is chosen. */
export function Cars({ session, reply, chosen, formats }: Props) {
  const { choice } = session.state.value;
  const several = reply.cars.length > 1;
  return (
    <div class="cars" role="group" aria-label={several ? "Choose a car" : "The car"}>
      {reply.cars.map((car) => (
        <Car
          key={car.vehicle_id}
          picture={carPicture(reply, car, choice)}
          wanted={choice.kind}
          chosen={several ? car.vehicle_id === chosen : null}
          choose={() => session.chooseCar(car.vehicle_id)}
          formats={formats}
        />
      ))}
    </div>
  );
}

/** A name that breaks between its words only: "CR-V" is one. */
function Words({ text }: { text: string }) {
  return (
    <>
      {text.split(" ").map((word, i) => (
        <Fragment key={i}>
          {i > 0 && " "}
          <span class="word">{word}</span>
        </Fragment>
      ))}
    </>
  );
}

interface CarProps {
  picture: Picture;
  /** The way to pay that was chosen; this car may not have it. */
  wanted: DealKind | null;
  /** Null if there is no other. */
  chosen: boolean | null;
  choose(): void;
  formats: Formats;
}

function Car({ picture, wanted, chosen, choose, formats }: CarProps) {
  const { car, way, cell } = picture;
  const { vehicle_id: id } = car;
  const { year, make, model, trim, mileage, stock_no: stock } = car.car;
  const [paid, per] = cell ? paidText(cell, formats) : ["", ""];
  return (
    <article class={`car ${chosen ? "chosen" : ""}`}>
      {chosen !== null && (
        <input
          type="radio"
          name="car"
          checked={chosen}
          aria-labelledby={`name-${id}`}
          aria-describedby={`paid-${id}`}
          onChange={choose}
        />
      )}
      <h2 id={`name-${id}`}>
        <span class="year">{year}</span>{" "}
        <bdi>
          <Words text={`${make} ${model}`} />
        </bdi>{" "}
        {trim && <bdi class="trim">{trim}</bdi>}
      </h2>
      <p class="car-facts">
        {formats.count(mileage)} miles · Stock {stock}
      </p>
      {way && cell ? (
        <>
          <p class="paid" id={`paid-${id}`}>
            <Figure class="paid-amount" text={paid} />
            <span class="per">
              {per}
              {way.kind === "lease" && ", leased"}
              {wanted !== null && wanted !== way.kind && ` · ${KINDS[wanted].toLowerCase()} not available`}
            </span>
          </p>
          <dl class="paid-facts">
            {factsOf(way, cell, formats).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <Figure text={value} />
                </dd>
              </div>
            ))}
          </dl>
          <p class="estimate">{way.estimate}</p>
        </>
      ) : (
        <p class="paid none" id={`paid-${id}`}>
          No figures for this car now. Ask for another way to pay.
        </p>
      )}
      {chosen !== null && (
        <p class="chosen-mark" aria-hidden="true">
          {chosen ? "✓ Chosen" : "Choose"}
        </p>
      )}
    </article>
  );
}
