import { useSignal } from "@preact/signals";
import { presentPath } from "../../../deal/desk/presenting";
import type { DealSession } from "../../../deal/session";
import type { ShareReply } from "../../../wire";
import { LikedNote } from "./liked-note";
import { ShowDialog } from "./show-dialog";

/** From the deal to the customer: the page for the store's own screen, and the dialog for a device of theirs. */
export function PresentTools({ session }: { session: DealSession }) {
  const open = useSignal(false);
  /** The links that this page made, by id: nobody else knows their tokens, and they are told once. */
  const made = useSignal<ReadonlyMap<string, ShareReply>>(new Map());
  return (
    <>
      <a class="button small" href={presentPath(session.dealId)}>
        Present
      </a>
      <button
        type="button"
        class="button small"
        data-action=""
        aria-haspopup="dialog"
        disabled={session.model.value === null}
        onClick={() => (open.value = true)}
      >
        Show to customer
      </button>
      {open.value && session.model.value && (
        <ShowDialog session={session} deal={session.model.value.deal} made={made} close={() => (open.value = false)} />
      )}
      <LikedNote session={session} />
    </>
  );
}
