import { useEffect, useRef } from "preact/hooks";
import { mayAssign } from "../../../deal/desk/assigning";
import type { DealSession } from "../../../deal/session";
import { PersonSelect } from "./person-select";
import { useAssigning } from "./use-assigning";

/** Who sells the deal, beside its customer; a manager's press gives it to someone else. */
export function Seller({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  const user = session.user.value;
  if (!deal?.salesperson || !user) return null;
  const name = (
    <>
      <span class="seller-word">Salesperson </span>
      <bdi>{deal.salesperson.name}</bdi>
    </>
  );
  if (session.view.value !== "manager" || !mayAssign(deal, user)) return <span class="seller quiet">{name}</span>;
  return (
    <>
      <button
        type="button"
        class="link seller"
        title="Assign to someone else"
        onClick={() => (session.desk.opened.value = { kind: "assign" })}
      >
        {name}
        <span class="visually-hidden">, assign to someone else</span>
      </button>
      {session.desk.opened.value?.kind === "assign" && <AssignDialog session={session} />}
    </>
  );
}

function AssignDialog({ session }: { session: DealSession }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { desk } = session;
  const assigning = useAssigning(session, () => (desk.opened.value = null));
  const { hindrance, trouble, give } = assigning;
  useEffect(() => dialog.current?.showModal(), []);
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
        {trouble && (
          <p class="trouble" role="alert">
            {trouble}
          </p>
        )}
        <footer>
          <span class="quiet">{hindrance}</span>
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
