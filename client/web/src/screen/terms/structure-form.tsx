import type { DealSession } from "../../deal/session";
import { type FieldGroup, GROUPS } from "../../deal/terms/fields";
import { useSurroundings } from "../parts/surroundings";
import { StructureField } from "./structure-field";

const EDITABLE = new Set(["working", "countered"]);

/** The deal's structure. Every edit applies as typed; a field that the view hides is not here. */
export function StructureForm({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  if (!deal)
    return (
      <aside class="structure" aria-busy="true" aria-label="Structure">
        <FormSkeleton />
      </aside>
    );
  const open = EDITABLE.has(deal.state);
  return (
    <aside class="structure" aria-label="Structure">
      <form onSubmit={(event) => event.preventDefault()}>
        {!open && <p class="hint">This deal is {deal.state}: its structure can no longer be edited.</p>}
        <fieldset class="plain" disabled={!open}>
          {GROUPS.map((group) => (
            <Group key={group.title} group={group} session={session} structure={deal.structure} />
          ))}
        </fieldset>
      </form>
    </aside>
  );
}

interface GroupProps {
  group: FieldGroup;
  session: DealSession;
  structure: Record<string, unknown>;
}

function Group({ group, session, structure }: GroupProps) {
  const fields = group.fields.filter((spec) => spec.field in structure && (!spec.needs || spec.needs in structure));
  if (fields.length === 0) return null;
  return (
    <fieldset class="group">
      <legend>{group.title}</legend>
      <div class="fields">
        {fields.map((spec) => (
          <StructureField key={spec.field} spec={spec} session={session} served={structure[spec.field]} />
        ))}
      </div>
      {group.title === "Trade" && <TradeSummary structure={structure} />}
    </fieldset>
  );
}

/** The trade's equity, and a warning if the payoff quote has expired. */
function TradeSummary({ structure }: { structure: Record<string, unknown> }) {
  const { formats } = useSurroundings();
  const allowance = Number(structure.trade_allowance_cents ?? 0);
  const payoff = Number(structure.payoff_cents ?? 0);
  const until = structure.payoff_good_through;
  if (allowance === 0 && payoff === 0) return null;
  const equity = allowance - payoff;
  const expired = typeof until === "string" && payoff > 0 && until < new Date().toLocaleDateString("en-CA");
  return (
    <>
      <p class="sum">
        <span>{equity < 0 ? "Negative equity" : "Equity"}</span>
        <output class={equity < 0 ? "negative" : ""}>{formats.cents(equity)}</output>
      </p>
      {expired && (
        <p class="hint warn">The payoff quote ran out on {formats.day(until)}: ask the lienholder for a new one.</p>
      )}
    </>
  );
}

function FormSkeleton() {
  return (
    <>
      {Array.from({ length: 10 }, (_, i) => (
        <span key={i} class="skeleton field-skeleton" />
      ))}
    </>
  );
}
