import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Formats } from "../../text/format";
import type { PresentationReply } from "../../wire";
import { pictureOf } from "../model/choice";
import { acceptanceOf } from "../model/state";
import { announcementText, outcomeText, statusText } from "../model/words";
import type { OfferSession } from "../session";
import { Cars } from "./cars";
import { Cells } from "./cells";
import { Details } from "./details";
import { Kinds } from "./kinds";
import { LikeBar } from "./like-bar";
import { Opening } from "./opening";

interface Props {
  session: OfferSession;
  formats: Formats;
  /** Whether this is the customer's own device. */
  own?: boolean;
  tools?: ComponentChildren;
}

/** The offer as the customer reads it: the cars, what is paid, the choices, and what belongs to it. */
export function OfferPage({ session, formats, own = false, tools }: Props) {
  const state = session.state.value;
  const phase = session.phase.value;
  const { reply, choice } = state;
  useEffect(() => {
    document.title = reply ? `Offer for ${reply.customer} · ${reply.store}` : "Your offer";
  }, [reply?.customer, reply?.store]);
  if (!reply) return <Opening unreachable={phase === "unreachable"} tools={tools} />;
  const picture = pictureOf(reply, choice);
  const outcome = picture && outcomeText(state, acceptanceOf(state, picture), reply, own, formats);
  return (
    <div class={`present is-${phase}`}>
      <header class="present-head">
        <p class="store">{reply.store}</p>
        {/* Other words are another text, and nothing of it moves. */}
        <p class="present-status" key={statusText(phase, reply, formats)}>
          <span class="dot" aria-hidden="true" />
          {statusText(phase, reply, formats)}
        </p>
        {tools}
      </header>
      <p class="visually-hidden" role="status">
        {announcementText(phase, picture, outcome, formats)}
      </p>
      {picture ? (
        <main aria-busy={phase === "updating"}>
          <div class="intro">
            <Intro reply={reply} formats={formats} />
            <Kinds session={session} reply={reply} picture={picture} />
          </div>
          <div class={`presented of-${reply.cars.length}`}>
            <Cars session={session} reply={reply} chosen={picture.car.vehicle_id} formats={formats} />
            <Cells session={session} picture={picture} reply={reply} formats={formats} />
          </div>
          <Details reply={reply} picture={picture} formats={formats} />
        </main>
      ) : (
        <main>
          <div class="intro">
            <Intro reply={reply} formats={formats} />
          </div>
          <div class="present-none">
            <h2>No car has been chosen yet</h2>
            <p>{reply.salesperson} is preparing an offer. It appears here by itself.</p>
          </div>
        </main>
      )}
      {picture && <LikeBar session={session} picture={picture} reply={reply} own={own} formats={formats} />}
    </div>
  );
}

function Intro({ reply, formats }: { reply: PresentationReply; formats: Formats }) {
  return (
    <div>
      <h1>
        For <bdi>{reply.customer}</bdi>
      </h1>
      <p>
        Prepared by <bdi>{reply.salesperson}</bdi>
        <span> · good until {formats.day(reply.valid_until)}</span>
      </p>
      {reply.missing.length > 0 && (
        <p class="missing">
          {reply.missing.length === 1 ? "A car of this offer is" : `${reply.missing.length} cars of this offer are`} not
          for sale now.
        </p>
      )}
    </div>
  );
}
