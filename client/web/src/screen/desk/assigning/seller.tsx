import { mayAssign } from "../../../deal/desk/assigning";
import type { DealSession } from "../../../deal/session";

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
    <button
      type="button"
      class="link seller"
      title="Assign to someone else"
      onClick={() => (session.desk.opened.value = { kind: "assign" })}
    >
      {name}
      <span class="visually-hidden">, assign to someone else</span>
    </button>
  );
}
