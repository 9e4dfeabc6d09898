import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { changedFacts, factsOf } from "../../deal/model/customers";
import type { DealSession } from "../../deal/session";
import { fieldRefusal, TIER_SOURCES } from "../../deal/terms/fields";
import { useModal } from "../focus/modal";
import { FactsForm } from "../parts/facts-form";
import { useSurroundings } from "../parts/surroundings";

/** What is known of the customer, in one line beside the name; a press opens the form. */
export function CustomerLine({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const customer = session.model.value?.deal.customer;
  if (!customer) return null;
  const facts = factsOf(customer);
  const date = typeof facts.score_date === "string" ? ` ${formats.day(facts.score_date)}` : "";
  const source = TIER_SOURCES[String(facts.score_source)]?.toLowerCase() ?? "";
  const line = [
    customer.score != null && `${customer.score} ${source}${date}`,
    customer.monthly_income_cents != null && `${formats.dollars(customer.monthly_income_cents)}/mo`,
    typeof facts.co_name === "string" && "co-buyer",
    typeof facts.current_payment_cents === "number" && `pays ${formats.dollars(facts.current_payment_cents)} now`,
    typeof facts.phone === "string" && facts.phone !== "" && facts.phone,
  ].filter((part): part is string => typeof part === "string");
  const text = line.length > 0 ? line.join(" · ") : "Add income and phone";
  return (
    <button
      type="button"
      class="link customer-line"
      aria-label={`Customer: ${text}`}
      onClick={() => (session.desk.opened.value = { kind: "customer" })}
    >
      <bdi title={line.join(" · ")}>{text}</bdi>
    </button>
  );
}

/** The form of the customer's facts, for everybody who has the deal open. */
export function CustomerDialog({ session }: { session: DealSession }) {
  if (session.desk.opened.value?.kind !== "customer") return null;
  return <OpenDialog session={session} />;
}

function OpenDialog({ session }: { session: DealSession }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const deal = session.model.value?.deal;
  const began = useSignal(deal ? { version: deal.version, facts: factsOf(deal.customer) } : null);
  const trouble = session.desk.troubles.value.get("customer");
  useModal(dialog);
  useEffect(() => () => session.desk.dismiss("customer"), []);
  if (!began.value) return null;
  const { version, facts } = began.value;
  const at = trouble?.detail.field;
  const refused = trouble
    ? { message: fieldRefusal(trouble), field: typeof at === "string" ? (at.split(".").at(-1) ?? null) : null }
    : null;
  function save(edited: Record<string, unknown>): void {
    const changes = changedFacts(facts, edited);
    if (Object.keys(changes).length === 0) dialog.current?.close();
    else
      session.desk.give("customer", { type: "customer", version, changes }, () => (session.desk.opened.value = null));
  }
  return (
    <dialog
      ref={dialog}
      class="step-dialog"
      aria-labelledby="customer-title"
      onClose={() => (session.desk.opened.value = null)}
    >
      <h2 id="customer-title">Customer</h2>
      <p class="quiet">Every open deal of this customer has the change, and searches again where it counts.</p>
      <FactsForm
        facts={facts}
        scores={session.can("see_cost")}
        verb="Save"
        busy={session.desk.busy.value.has("customer")}
        trouble={refused}
        required={{ name: "Enter the name.", state: "Enter the state." }}
        editable={session.can("terms")}
        cancel={() => dialog.current?.close()}
        done={save}
      />
    </dialog>
  );
}
