import { amountText, type Formats } from "../../text/format";
import { carName } from "../../text/readable";
import type { PresentationReply } from "../../wire";
import type { Picture } from "../model/choice";
import { acceptanceOf, hindrance, isUnderWay } from "../model/state";
import { likedText, shortText } from "../model/words";
import type { OfferSession } from "../session";

interface Props {
  session: OfferSession;
  picture: Picture;
  reply: PresentationReply;
  /** Whether the customer presses it on a device of their own. */
  own: boolean;
  formats: Formats;
}

/** What is chosen, always in sight, and the one thing to do with it. */
export function LikeBar({ session, picture, reply, own, formats }: Props) {
  const state = session.state.value;
  const { car, way, cell } = picture;
  if (!way || !cell) return null;
  const accepted = acceptanceOf(state, picture);
  const why = hindrance(state);
  const sending = isUnderWay(state.liking);
  return (
    <section class="like-bar" aria-label="Your choice">
      <p class="like-what">
        <bdi>{carName(car.car)}</bdi>
        <b>{shortText({ ...cell, kind: way.kind }, formats)}</b>
      </p>
      <p class={`like-note ${accepted ? "good" : ""}`} aria-live="off">
        {way.kind !== "cash" && <b>With {amountText(cell.cash_down_cents, formats)} down. </b>}
        {likedText(state, accepted, reply, own, formats)}
      </p>
      {accepted ? (
        <p class="liked">
          <span aria-hidden="true">✓</span> Liked
        </p>
      ) : (
        state.mayLike && (
          <button
            type="button"
            class="button primary like"
            disabled={why !== null || sending}
            onClick={() => session.like()}
          >
            {sending ? "Sending…" : "I like this"}
          </button>
        )
      )}
    </section>
  );
}
