import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { latestLiked } from "../../../deal/desk/presenting";
import { likedText } from "../../../deal/model/presented";
import type { DealSession } from "../../../deal/session";
import { useSurroundings } from "../../parts/surroundings";

/** Says that the customer likes an offer, when it happens while this page is open. It lies over the page: nothing moves. */
export function LikedNote({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const deal = session.model.value?.deal;
  const liked = deal ? latestLiked(deal) : null;
  /** What was liked before this page came is in the activity; undefined until the deal is here. */
  const known = useRef<string | null | undefined>(undefined);
  const dismissed = useSignal<string | null>(null);
  if (deal && known.current === undefined) known.current = liked?.id ?? null;
  const shown = liked && liked.id !== known.current && liked.id !== dismissed.value ? liked : null;
  return (
    <div class="liked-note">
      {shown && (
        <>
          <p>
            <span aria-hidden="true">✓</span> Customer likes {likedText(shown, formats)}{" "}
            <span class="quiet">{formats.clock(shown.at)}</span>
          </p>
          <button
            type="button"
            class="link"
            onClick={() => {
              session.grid.select(shown.vehicle_id);
              dismissed.value = shown.id;
            }}
          >
            Show the car
          </button>
          <button type="button" class="link" onClick={() => (dismissed.value = shown.id)}>
            Dismiss
          </button>
        </>
      )}
    </div>
  );
}
