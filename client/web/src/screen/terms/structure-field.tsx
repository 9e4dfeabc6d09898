import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { type FieldSpec, OFFERED_TERMS } from "../../deal/terms/fields";
import { type Parsed, parseMoney, parsePercent } from "../../text/parse";
import { DraftInput } from "../parts/draft-input";
import { useSurroundings } from "../parts/surroundings";
import { FieldMarks } from "./field-marks";
import { FirstPayment } from "./first-payment";
import { TextField, WholeField } from "./text-fields";
import { TroubleNote } from "./trouble-note";

interface Props {
  spec: FieldSpec;
  session: DealSession;
  served: unknown;
}

interface FieldProps extends Props {
  /** Whether the deal's state lets people change it. */
  open?: boolean;
}

const STATES = ["wide", "saving", "troubled", "elsewhere", "locked"] as const;

/** One field of the structure with its label, its state on the way to the server, and what is wrong with it. */
export function StructureField({ spec, session, served, open = true }: FieldProps) {
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
  const states = {
    wide,
    saving,
    troubled: trouble !== null,
    elsewhere: elsewhere !== undefined,
    locked: shut && !!lock,
  };
  return (
    <div
      onFocusIn={() => session.focus(shared)}
      onFocusOut={() => session.focus(null)}
      class={`field kind-${spec.kind} ${STATES.filter((name) => states[name]).join(" ")}`}
    >
      <FieldMarks
        spec={spec}
        session={session}
        by={lock?.by.name}
        here={shared === "trades" ? undefined : elsewhere}
        locks={spec.shared !== "trades"}
      />
      <fieldset class="plain control" disabled={shut}>
        <Control spec={spec} session={session} served={served} />
      </fieldset>
      {decidedElsewhere && <span class="locked-by">Set by the desk</span>}
      {trouble && <TroubleNote spec={spec} session={session} trouble={trouble} />}
    </div>
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

/** The terms as one tab stop: arrows move among them, a click or the space bar takes one in or out. */
function Terms({ label, chosen, commit }: { label: string; chosen: number[]; commit(terms: number[]): void }) {
  const offered = [...new Set([...OFFERED_TERMS, ...chosen])].sort((a, b) => a - b);
  const stop = useSignal<number | null>(null);
  const at = Math.max(0, offered.indexOf(stop.value ?? chosen[0] ?? 0));
  const toggle = (term: number) => {
    const next = chosen.includes(term) ? chosen.filter((other) => other !== term) : [...chosen, term];
    if (next.length > 0) commit(next.sort((a, b) => a - b));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1 }[event.key];
    const button = to === undefined ? null : (event.currentTarget as HTMLElement).children[to];
    if (!(button instanceof HTMLElement)) return;
    event.preventDefault();
    stop.value = offered[to!] ?? null;
    button.focus();
  };
  return (
    <>
      <span class="label" id="terms-label">
        {label}
      </span>
      <div class="toggles" role="toolbar" aria-labelledby="terms-label" onKeyDown={onKeyDown}>
        {offered.map((term, i) => (
          <button
            key={term}
            type="button"
            tabIndex={i === at ? 0 : -1}
            aria-pressed={chosen.includes(term)}
            onFocus={() => (stop.value = term)}
            onClick={() => toggle(term)}
          >
            {term}
          </button>
        ))}
      </div>
    </>
  );
}
