import { isEditable } from "../../deal/desk/steps";
import type { DealSession } from "../../deal/session";
import { type FieldGroup, type FieldSpec, type FoldName, GROUPS, tradeFields } from "../../deal/terms/fields";
import {
  contractHead,
  feesHead,
  productsCents,
  productsTitle,
  rateHead,
  stockHead,
  tradeHead,
} from "../../deal/terms/heads";
import { hasFlatTrade, payoffDay, type ShownTrade, tradesOf } from "../../deal/terms/trades";
import type { Formats } from "../../text/format";
import type { Present } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { Fold, isFoldOpen } from "./fold";
import { ProductSection } from "./product-section";
import { StructureField } from "./structure-field";
import { AddTrade, TradeSection } from "./trade-section";
import { useKept } from "./use-kept";

/** The deal's structure. Every edit applies as typed; a field that the view hides is not here. */
export function StructureForm({ session }: { session: DealSession }) {
  const deal = session.model.value?.deal;
  if (!deal)
    return (
      <aside class="structure" aria-busy="true" aria-label="Structure">
        <FormSkeleton />
      </aside>
    );
  const open = isEditable(deal);
  return (
    // Without a field to focus, the keyboard scrolls it by its own focus.
    <aside class="structure" aria-label="Structure" tabIndex={open ? undefined : 0}>
      <h2 class="visually-hidden">Structure</h2>
      <form onSubmit={(event) => event.preventDefault()}>
        {GROUPS.map((group) => (
          <Group key={group.title} group={group} session={session} structure={deal.structure} open={open} />
        ))}
        <p class="hint closed-hint">
          {open ? "" : `This deal is ${deal.state}: its structure can no longer be edited.`}
        </p>
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
  if (group.fold) return <Folded {...{ group, session, structure, open, fields }} name={group.fold} />;
  return (
    <fieldset class={`group ${group.titled ? "titled" : ""}`}>
      <legend class={group.titled ? "" : "visually-hidden"}>{group.title}</legend>
      <Fields fields={fields} session={session} structure={structure} open={open} />
    </fieldset>
  );
}

type PartProps = GroupProps & { fields: FieldSpec[] };

function Fields({ fields, session, structure, open }: Omit<PartProps, "group">) {
  return (
    <div class="fields">
      {fields.map((spec) => (
        <StructureField key={spec.field} spec={spec} session={session} served={structure[spec.field]} open={open} />
      ))}
    </div>
  );
}

/** A part that few deals need open: its head has the sum. */
function Folded({ name, group, session, structure, open, fields }: PartProps & { name: FoldName }) {
  const { formats } = useSurroundings();
  const shown = shownValues(session, structure);
  const trades = useKept(tradesOf(structure), tradeId, isFoldOpen("trade"));
  if (name === "trade" && trades.shown.length === 0 && !hasFlatTrade(structure)) {
    return <AddTrade session={session} structure={structure} open={open} trades={trades} />;
  }
  const inside = name === "trade" ? [...fields, ...ofTrades(structure)] : fields;
  const own = fields.filter((spec) => !spec.derived);
  const flat = fields.filter((spec) => spec.derived);
  // The desk appraises the trades of a deal that waits for it.
  const appraisable = name === "trade" && session.model.value?.deal.state === "submitted";
  return (
    <Fold
      name={name}
      title={name === "products" ? productsTitle(shown) : group.title}
      sum={headOf(name, shown, session, formats)}
      class={name === "products" ? "products" : `fold-${name}`}
      troubles={inside.filter((spec) => session.terms.trouble(spec.field) !== null).length + alone(name, session)}
      here={othersIn(inside, session)}
    >
      <fieldset class="plain" disabled={!open && !appraisable}>
        {name === "trade" && (
          <TradeSection session={session} structure={structure} flat={flat} open={open} trades={trades} />
        )}
        {name === "products" && <ProductSection session={session} structure={structure} flat={flat} />}
      </fieldset>
      {own.length > 0 && <Fields fields={own} session={session} structure={structure} open={open} />}
    </Fold>
  );
}

const tradeId = ({ id }: ShownTrade) => id;

/** The product lines are one field of the structure, without a place among the single fields. */
function alone(name: FoldName, session: DealSession): number {
  return name === "products" && session.terms.trouble("products") ? 1 : 0;
}

/** The structure with what this person has typed and the server does not have yet. */
function shownValues(session: DealSession, structure: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(structure).filter((name) => name !== "trades");
  return {
    ...structure,
    ...Object.fromEntries(
      names.map((name) => [name, session.terms.value(name as FieldSpec["field"], structure[name])]),
    ),
  };
}

function ofTrades(structure: Record<string, unknown>): FieldSpec[] {
  return tradesOf(structure).flatMap((trade) => tradeFields(trade.id, trade));
}

function othersIn(fields: readonly FieldSpec[], session: DealSession): Present[] {
  const places = new Set<string>(fields.map((spec) => spec.shared ?? spec.field));
  return session.here.value.filter(
    ({ focus, user_id: id }) => focus !== null && places.has(focus) && id !== session.user.value?.id,
  );
}

function headOf(name: FoldName, shown: Record<string, unknown>, session: DealSession, formats: Formats): string {
  switch (name) {
    case "trade":
      return tradeHead(shown, payoffDay(shown), formats);
    case "fees":
      return feesHead(shown, session.pencil.picture.value.quote?.tax_cents, formats);
    case "products": {
      const cents = productsCents(shown);
      return cents > 0 ? formats.cents(cents) : "None";
    }
    case "rate":
      return rateHead(shown, formats);
    case "contract":
      return contractHead(shown, formats);
    case "stock":
      return stockHead(shown);
  }
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
