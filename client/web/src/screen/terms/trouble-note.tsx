import type { DealSession } from "../../deal/session";
import type { Conflict, Trouble } from "../../deal/terms/edits";
import { type FieldSpec, refusalText } from "../../deal/terms/fields";
import { remedyOf } from "../../deal/terms/remedies";
import { flattened } from "../../deal/terms/trades";
import { describeValue } from "../../deal/terms/values";
import { useSurroundings } from "../parts/surroundings";

interface Props<T extends Trouble> {
  spec: FieldSpec;
  session: DealSession;
  trouble: T;
}

/** What is wrong with a field, beside it, with the ways out. */
export function TroubleNote({ spec, session, trouble }: Props<Trouble>) {
  if (trouble.kind === "conflict") return <ConflictNote spec={spec} session={session} trouble={trouble} />;
  const served = flattened(session.model.value?.deal.structure ?? {});
  const remedy = remedyOf(spec.field, (field) => session.terms.value(field, served[field]));
  return (
    <div id={`field-${spec.field}-note`} class="trouble" role="alert">
      <span>{remedy ? remedy.words : refusalText(trouble.message)}</span>
      {remedy && <Raise remedy={remedy} session={session} />}
      {trouble.retry && (
        <button type="button" class="link" onClick={() => session.terms.keepMine(spec.field)}>
          Try again
        </button>
      )}
      <button type="button" class="link" onClick={() => session.terms.takeTheirs(spec.field)}>
        Undo
      </button>
    </div>
  );
}

function Raise({ remedy, session }: { remedy: NonNullable<ReturnType<typeof remedyOf>>; session: DealSession }) {
  const { formats } = useSurroundings();
  return (
    <button type="button" class="link" onClick={() => session.terms.edit(remedy.field, remedy.value)}>
      Raise max to {formats.dollars(remedy.value)}
    </button>
  );
}

/** Both values, who set the other one and when, which one counts, and either to take. */
function ConflictNote({ spec, session, trouble }: Props<Conflict>) {
  const { formats } = useSurroundings();
  const say = (value: unknown) => describeValue(spec.field, value, formats);
  const mine = say(session.terms.value(spec.field, trouble.value));
  const when = trouble.at ? ` at ${formats.time(trouble.at)}` : "";
  return (
    <div id={`field-${spec.field}-note`} class="trouble conflict" role="alert">
      <span>
        <bdi>{trouble.by}</bdi> set {say(trouble.value)}
        {when}. That one counts. You typed {mine}.
      </span>
      <button type="button" class="link" onClick={() => session.terms.takeTheirs(spec.field)}>
        Use {say(trouble.value)}
      </button>
      <button type="button" class="link" onClick={() => session.terms.keepMine(spec.field)}>
        Keep mine
      </button>
    </div>
  );
}
