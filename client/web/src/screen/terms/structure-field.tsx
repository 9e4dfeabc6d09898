import { useMemo } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import type { Trouble } from "../../deal/terms/edits";
import { type FieldSpec, OFFERED_TERMS, refusalText } from "../../deal/terms/fields";
import { describeValue } from "../../deal/terms/values";
import { type Parsed, parseMoney, parsePercent } from "../../text/parse";
import { DraftInput } from "../parts/draft-input";
import { useSurroundings } from "../parts/surroundings";
import { FirstPayment } from "./first-payment";
import { TextField, WholeField } from "./text-fields";

interface Props {
  spec: FieldSpec;
  session: DealSession;
  served: unknown;
}

interface FieldProps extends Props {
  /** Whether the deal's state lets people change it. */
  open?: boolean;
}

/** One field of the structure with its label, its state on the way to the server, and what is wrong with it. */
export function StructureField({ spec, session, served, open = true }: FieldProps) {
  void session.terms.editing.value;
  const trouble = session.terms.trouble(spec.field);
  const saving = session.terms.saving(spec.field);
  const wide = spec.kind === "terms" || spec.kind === "flag" || spec.kind === "vin" || spec.kind === "first_payment";
  const shared = spec.shared ?? spec.field;
  const locks = session.model.value?.deal.locks ?? [];
  const whole = spec.shared === undefined ? undefined : locks.find((each) => each.field === "trades");
  const lock = locks.find((each) => each.field === shared) ?? whole;
  const decidedElsewhere = spec.right !== undefined && !session.can(spec.right);
  const shut = !open || decidedElsewhere || (lock !== undefined && !session.can("lock"));
  const elsewhere = session.here.value.find((one) => one.focus === shared && one.user_id !== session.user.value?.id);
  return (
    <div
      onFocusIn={() => session.focus(shared)}
      onFocusOut={() => session.focus(null)}
      class={`field kind-${spec.kind} ${wide ? "wide" : ""} ${saving ? "saving" : ""} ${trouble ? "troubled" : ""}`}
    >
      <fieldset class="plain control" disabled={shut}>
        <Control spec={spec} session={session} served={served} />
      </fieldset>
      {decidedElsewhere && <span class="locked-by">Set by the desk</span>}
      {spec.shared !== "trades" && <LockMark spec={spec} session={session} by={lock?.by.name} />}
      {elsewhere && shared !== "trades" && (
        <span class="locked-by">
          <bdi>{elsewhere.name}</bdi> is here
        </span>
      )}
      {trouble && <TroubleNote spec={spec} session={session} trouble={trouble} />}
    </div>
  );
}

/** Who locked the field for salespeople; managers lock and unlock it. */
export function LockMark({ spec, session, by }: { spec: FieldSpec; session: DealSession; by: string | undefined }) {
  const { desk } = session;
  const field = spec.shared ?? spec.field;
  const subject = `field:${field}`;
  const trouble = desk.troubles.value.get(subject);
  if (!session.can("lock"))
    return by === undefined ? null : (
      <span class="locked-by">
        Locked by <bdi>{by}</bdi>
      </span>
    );
  return (
    <>
      <button
        type="button"
        class="lock"
        aria-pressed={by !== undefined}
        aria-label={`${by === undefined ? "Lock" : "Locked"} ${spec.label}`}
        disabled={desk.busy.value.has(subject)}
        title={by === undefined ? "Lock this field for salespeople" : `Locked by ${by}`}
        onClick={() => desk.give(subject, { type: by === undefined ? "lock" : "unlock", field })}
      >
        {by === undefined ? "Lock" : "Locked"}
      </button>
      {trouble && (
        <span class="trouble" role="alert">
          {trouble.message}
        </span>
      )}
    </>
  );
}

function Control({ spec, session, served }: Props) {
  const value = session.terms.value(spec.field, served);
  const commit = (next: unknown) => session.terms.edit(spec.field, next);
  const id = `field-${spec.field}`;
  const label = <label for={id}>{spec.label}</label>;
  switch (spec.kind) {
    case "terms":
      return <Terms label={spec.label} chosen={value as number[]} commit={commit} />;
    case "flag":
      return (
        <label class="flag">
          <input
            id={id}
            type="checkbox"
            checked={value === true}
            onChange={(event) => commit(event.currentTarget.checked)}
          />
          {spec.label}
        </label>
      );
    case "choice":
    case "optional_choice":
      return (
        <>
          {label}
          <select id={id} value={String(value ?? "")} onChange={(event) => commit(event.currentTarget.value || null)}>
            {spec.kind === "optional_choice" && <option value="">{spec.empty}</option>}
            {Object.entries(spec.choices ?? {}).map(([key, text]) => (
              <option key={key} value={key}>
                {text}
              </option>
            ))}
          </select>
        </>
      );
    case "first_payment":
      return <FirstPayment id={id} label={spec.label} session={session} days={value as number | null} />;
    case "text":
    case "vin":
      return (
        <>
          {label}
          <TextField id={id} spec={spec} session={session} served={served} />
        </>
      );
    case "whole":
      return (
        <>
          {label}
          <WholeField id={id} spec={spec} session={session} served={served} />
        </>
      );
    case "date":
      return (
        <>
          {label}
          <input
            id={id}
            type="date"
            value={value === null ? "" : String(value)}
            onChange={(event) => commit(event.currentTarget.value || null)}
          />
        </>
      );
    default:
      return (
        <>
          {label}
          <NumberField id={id} spec={spec} session={session} value={value as number | null} served={served} />
        </>
      );
  }
}

function NumberField({ id, spec, session, value, served }: Props & { id: string; value: number | null }) {
  const { formats } = useSurroundings();
  const percent = spec.kind.endsWith("percent");
  const optional = spec.kind.startsWith("optional_");
  const plain = useMemo(() => numberText(percent), [percent]);
  const parse = (text: string): Parsed<number | null> => {
    const parsed = percent ? parsePercent(text, formats) : parseMoney(text, formats);
    return parsed.ok && parsed.value === null && !optional ? { ok: true, value: 0 } : parsed;
  };
  return (
    <span class={`amount ${percent ? "percent" : "dollars"} ${value === null ? "unset" : ""}`}>
      <DraftInput
        id={id}
        value={value}
        served={value === served}
        show={plain}
        parse={parse}
        commit={(next, began) => session.terms.edit(spec.field, next, began)}
        abandon={() => session.terms.takeTheirs(spec.field)}
        trouble={session.terms.trouble(spec.field) ? "see note" : null}
        placeholder={spec.empty ?? "0"}
        describedBy={session.terms.trouble(spec.field) ? `${id}-note` : undefined}
      />
    </span>
  );
}

/** Amounts as they stand in a field: grouped, cents only if there are any. */
function numberText(percent: boolean): (value: number | null) => string {
  const whole = new Intl.NumberFormat(navigator.language, { maximumFractionDigits: 0 });
  const exact = new Intl.NumberFormat(navigator.language, {
    minimumFractionDigits: 2,
    maximumFractionDigits: percent ? 4 : 2,
  });
  return (value) => {
    if (value === null) return "";
    return !percent && value % 100 === 0 ? whole.format(value / 100) : exact.format(value / 100);
  };
}

function Terms({ label, chosen, commit }: { label: string; chosen: number[]; commit(terms: number[]): void }) {
  const offered = [...new Set([...OFFERED_TERMS, ...chosen])].sort((a, b) => a - b);
  const toggle = (term: number) => {
    const next = chosen.includes(term) ? chosen.filter((other) => other !== term) : [...chosen, term];
    if (next.length > 0) commit(next.sort((a, b) => a - b));
  };
  return (
    <>
      <span class="label" id="terms-label">
        {label}
      </span>
      <div class="toggles" role="group" aria-labelledby="terms-label">
        {offered.map((term) => (
          <button key={term} type="button" aria-pressed={chosen.includes(term)} onClick={() => toggle(term)}>
            {term}
          </button>
        ))}
      </div>
    </>
  );
}

export function TroubleNote({ spec, session, trouble }: { spec: FieldSpec; session: DealSession; trouble: Trouble }) {
  const { formats } = useSurroundings();
  const id = `field-${spec.field}-note`;
  const theirs = () => session.terms.takeTheirs(spec.field);
  const mine = () => session.terms.keepMine(spec.field);
  if (trouble.kind === "refused") {
    return (
      <div id={id} class="trouble" role="alert">
        <span>{refusalText(trouble.message)}</span>
        {trouble.retry && (
          <button type="button" class="link" onClick={mine}>
            Try again
          </button>
        )}
        <button type="button" class="link" onClick={theirs}>
          Undo
        </button>
      </div>
    );
  }
  const when = trouble.at ? ` at ${formats.time(trouble.at)}` : "";
  return (
    <div id={id} class="trouble" role="alert">
      <span>
        {trouble.by} set {describeValue(spec.field, trouble.value, formats)}
        {when}.
      </span>
      <button type="button" class="link" onClick={theirs}>
        Use it
      </button>
      <button type="button" class="link" onClick={mine}>
        Keep mine
      </button>
    </div>
  );
}
