import type { DealSession } from "../../deal/session";
import { type FieldGroup, GROUPS } from "../../deal/terms/fields";
import { ProductSection } from "./product-section";
import { StructureField } from "./structure-field";
import { TradeSection } from "./trade-section";

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
    // Without a field to focus, the keyboard scrolls it by its own focus.
    <aside class="structure" aria-label="Structure" tabIndex={open ? undefined : 0}>
      <h2 class="visually-hidden">Structure</h2>
      <form onSubmit={(event) => event.preventDefault()}>
        {!open && <p class="hint">This deal is {deal.state}: its structure can no longer be edited.</p>}
        {GROUPS.map((group) => (
          <Group key={group.title} group={group} session={session} structure={deal.structure} open={open} />
        ))}
      </form>
    </aside>
  );
}

interface GroupProps {
  group: FieldGroup;
  session: DealSession;
  structure: Record<string, unknown>;
  open: boolean;
}

function Group({ group, session, structure, open }: GroupProps) {
  const fields = group.fields.filter((spec) => spec.field in structure && (!spec.needs || spec.needs in structure));
  if (fields.length === 0) return null;
  const own = fields.filter((spec) => !spec.derived);
  // The desk appraises the trades of a deal that waits for it.
  const appraisable = group.title === "Trade" && session.model.value?.deal.state === "submitted";
  return (
    <fieldset class="group" disabled={!open && !appraisable}>
      <legend>{group.title}</legend>
      {group.title === "Trade" && (
        <TradeSection
          session={session}
          structure={structure}
          flat={fields.filter((spec) => spec.derived)}
          open={open}
        />
      )}
      {group.title === "F&I products" && (
        <ProductSection session={session} structure={structure} flat={fields.filter((spec) => spec.derived)} />
      )}
      <div class="fields">
        {own.map((spec) => (
          <StructureField key={spec.field} spec={spec} session={session} served={structure[spec.field]} open={open} />
        ))}
      </div>
    </fieldset>
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
