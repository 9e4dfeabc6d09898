import { DealKind, type PresentationReply } from "../../wire";
import type { Picture } from "../model/choice";
import { KINDS } from "../model/words";
import type { OfferSession } from "../session";

interface Props {
  session: OfferSession;
  reply: PresentationReply;
  picture: Picture;
}

/** The ways to pay; of a single one there is nothing to choose. */
export function Kinds({ session, reply, picture }: Props) {
  const shown = DealKind.filter((kind) => reply.cars.some((car) => car.ways.some((way) => way.kind === kind)));
  const { car, way } = picture;
  const missing = shown.filter((kind) => !car.ways.some((each) => each.kind === kind));
  return (
    // Its place is kept: the store may offer another way while the customer looks.
    <fieldset class={`kinds ${shown.length < 2 ? "unneeded" : ""}`}>
      <legend class="visually-hidden">How would you like to pay?</legend>
      <p class="kinds-note">
        {missing.length > 0 && `${missing.map((kind) => KINDS[kind]).join(" and ")} not available for this car.`}
      </p>
      <div class="segments">
        {shown.map((kind) => (
          <label key={kind} class={way?.kind === kind ? "chosen" : ""}>
            <input
              type="radio"
              name="kind"
              checked={way?.kind === kind}
              disabled={missing.includes(kind)}
              onChange={() => session.chooseKind(kind)}
            />
            {KINDS[kind]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
