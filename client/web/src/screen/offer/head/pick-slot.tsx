import { isEditable, possibleSteps } from "../../../deal/desk/steps";
import { isUndoable } from "../../../deal/pencil/applied";
import type { PencilPicture } from "../../../deal/pencil/pencil";
import type { DealSession } from "../../../deal/session";
import type { Row } from "../../../deal/stock/rows";
import type { DealKind } from "../../../wire";
import { useSurroundings } from "../../parts/surroundings";
import { type Note, notesOf } from "./notes";
import { applyPick, undoChange } from "./terms-change";

interface Props {
  row: Row;
  session: DealSession;
  picture: PencilPicture;
  way: DealKind | null;
}

/** One slot of fixed height: what went wrong, else the pick, else what was changed, else what to know of the car. */
export function PickSlot({ row, session, picture, way }: Props) {
  const { formats } = useSurroundings();
  const trouble = session.desk.troubles.value.get(`car:${row.vehicle_id}`);
  if (trouble) {
    return (
      <p class="pick-slot trouble" role="alert">
        <span>{trouble.message}</span>
        <button type="button" class="link" onClick={() => session.desk.dismiss(`car:${row.vehicle_id}`)}>
          Dismiss
        </button>
      </p>
    );
  }
  if (picture.failure) {
    return (
      <p class="pick-slot trouble" role="alert">
        <span>{picture.failure.message}</span>
        {picture.failure.retry && (
          <button type="button" class="link" onClick={() => session.pencil.retry()}>
            Try again
          </button>
        )}
      </p>
    );
  }
  if (picture.pick) return <Picked session={session} picture={picture} />;
  return <Changed session={session} notes={notesOf(row, session, formats, way)} />;
}

/** For a person who looks at a structure other than the best: go back, apply it to the deal, or counter with it. */
function Picked({ session, picture: { pick, asking, quote, vehicleId } }: Pick<Props, "session" | "picture">) {
  const { formats } = useSurroundings();
  const deal = session.model.value?.deal;
  const user = session.user.value;
  if (!pick || !deal || !user) return <p class="pick-slot" />;
  const ready = !asking && quote?.eligible === true;
  const counters =
    deal.selected?.vehicle_id === vehicleId && possibleSteps(deal, user).some((step) => step === "counter");
  return (
    <p class="pick-slot pick-bar">
      <span class="quiet">Your pick</span>
      <button type="button" class="link" onClick={() => session.pencil.pick(null)}>
        Back to the best offer
      </button>
      {isEditable(deal) && session.can("terms") && (
        <button
          type="button"
          class="button small"
          disabled={!ready}
          title="Changes the deal's terms for everyone and searches again"
          onClick={() => applyPick(session, pick, formats)}
        >
          Apply terms
        </button>
      )}
      {counters && (
        <button
          type="button"
          class="button small"
          disabled={!ready}
          onClick={() => (session.desk.opened.value = { kind: "step", step: "counter" })}
        >
          Counter with this
        </button>
      )}
    </p>
  );
}

/** The last change of the terms from here, and its way back; without one, the first notes. */
function Changed({ session, notes }: { session: DealSession; notes: readonly Note[] }) {
  const applied = session.pencil.applied.value;
  const deal = session.model.value?.deal;
  if (applied && deal && isEditable(deal) && isUndoable(applied, deal.structure)) {
    return (
      <p class="pick-slot undo-bar">
        <span>
          <span class="quiet">Terms changed:</span> <b>{applied.text}</b>
        </span>
        <button type="button" class="button small" onClick={() => undoChange(session)}>
          Undo
        </button>
      </p>
    );
  }
  const text = notes.map((note) => `${note.text}.`).join(" ");
  return (
    <p class={`pick-slot notes ${notes.some((note) => note.warns) ? "warns" : ""}`} title={text}>
      <span key={text}>{text}</span>
    </p>
  );
}
