import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Deal } from "../../../deal/model/fold";
import type { DealSession } from "../../../deal/session";
import type { ShareReply } from "../../../wire";
import { useModal } from "../../focus/modal";
import { Trouble } from "../../parts/trouble";
import { Links } from "./links";
import { ShownChoices } from "./shown-choices";

interface Props {
  session: DealSession;
  deal: Deal;
  made: Signal<ReadonlyMap<string, ShareReply>>;
  close(): void;
}

/** What the customer is shown, and the links that show it. Every change is seen by the customer at once. */
export function ShowDialog({ session, deal, made, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useModal(dialog);
  const { troubles } = session.desk;
  const trouble = troubles.value.get("present") ?? troubles.value.get("share");
  return (
    <dialog ref={dialog} class="step-dialog show-dialog" aria-labelledby="show-title" onClose={close}>
      <h2 id="show-title">Show to customer</h2>
      <p class="quiet">
        The customer sees payments, terms, products, trade and disclosures, and nothing internal. Your changes reach an
        open page at once.
      </p>
      <div class="show-parts">
        <ShownChoices session={session} deal={deal} />
        <Links session={session} deal={deal} made={made} />
      </div>
      <div class="show-end">
        <Trouble>{trouble?.message}</Trouble>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
