import { useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { useModal } from "../../focus/modal";
import { Trouble } from "../../parts/trouble";
import { PersonSelect } from "./person-select";
import { useAssigning } from "./use-assigning";

/** Gives the deal to another person of the store. */
export function AssignDialog({ session }: { session: DealSession }) {
  return session.desk.opened.value?.kind === "assign" ? <OpenDialog session={session} /> : null;
}

function OpenDialog({ session }: { session: DealSession }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { desk } = session;
  const assigning = useAssigning(session, () => (desk.opened.value = null));
  const { hindrance, trouble, give } = assigning;
  useModal(dialog);
  return (
    <dialog ref={dialog} class="step-dialog" aria-labelledby="assign-title" onClose={() => (desk.opened.value = null)}>
      <form onSubmit={give}>
        <h2 id="assign-title">Assign the deal</h2>
        <p class="quiet">
          Now with <bdi>{session.model.value?.deal.salesperson?.name}</bdi>. Terms, agreed figures and approval stay.
        </p>
        <div class="fields">
          <div class="field wide">
            <span class="label">Assign to</span>
            <PersonSelect {...assigning} />
          </div>
        </div>
        <footer>
          {trouble ? <Trouble>{trouble}</Trouble> : <p class="quiet">{hindrance}</p>}
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={hindrance !== null || desk.busy.value.has("assign")}>
            Assign
          </button>
        </footer>
      </form>
    </dialog>
  );
}
