import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { BUYER, CO_BUYER, type FactSpec, factValue } from "../../deal/model/customers";
import type { Formats } from "../../text/format";
import { type Parsed, parseMoney, parseWhole, typedMoney } from "../../text/parse";
import { useSurroundings } from "./surroundings";
import { Trouble } from "./trouble";

/** A refusal: of one fact, or of the whole. */
export interface Refused {
  message: string;
  field: string | null;
}

interface Props {
  facts: Record<string, unknown>;
  /** Whether this person sees credit scores. */
  scores: boolean;
  verb: string;
  busy: boolean;
  /** Why the facts were refused, and of which one that is said. */
  trouble: Refused | null;
  /** What must be entered of the facts that a customer cannot be without, by their names. */
  required?: Record<string, string>;
  editable?: boolean;
  cancel(): void;
  done(facts: Record<string, unknown>): void;
}

const SPECS = [...BUYER, ...CO_BUYER];

/** Customer and co-buyer. What is typed is read when the form is sent, and what cannot be read is named. */
export function FactsForm({ facts, scores, verb, busy, trouble, required = {}, editable = true, cancel, done }: Props) {
  const { formats } = useSurroundings();
  const form = useRef<HTMLFormElement>(null);
  const fault = useSignal<{ name: string; message: string } | null>(null);
  const typed = useSignal<Record<string, string>>({});
  const shown = (spec: FactSpec) => scores || !spec.name.includes("score");

  const refused = SPECS.some(({ name }) => name === trouble?.field) ? trouble : null;
  useEffect(() => {
    if (refused?.field) focusOn(form.current, refused.field);
  }, [refused?.field, refused?.message]);

  function complain(name: string, message: string): void {
    fault.value = { name, message };
    focusOn(form.current, name);
  }

  function read(spec: FactSpec, text: string): Parsed<unknown> {
    if (spec.kind === "money") return parseMoney(text, formats);
    if (spec.kind === "whole") return parseWhole(text, formats);
    const words = text.trim();
    if (spec.name !== "state") return { ok: true, value: words };
    const state = words.toUpperCase();
    if (state !== "" && !/^[A-Z]{2}$/.test(state)) return { ok: false, message: "Enter two letters, such as OH." };
    return { ok: true, value: state };
  }

  function send(event: Event): void {
    event.preventDefault();
    const edited: Record<string, unknown> = {};
    for (const spec of SPECS) {
      const text = typed.value[spec.name];
      if (text === undefined) continue;
      const parsed = read(spec, text);
      if (!parsed.ok) {
        complain(spec.name, parsed.message);
        return;
      }
      edited[spec.name] = factValue(spec.name, parsed.value);
    }
    const whole = { ...facts, ...edited };
    const missing = Object.keys(required).find((name) => !whole[name]);
    if (missing) {
      complain(missing, required[missing]!);
      return;
    }
    fault.value = null;
    done(edited);
  }

  function faultOf(name: string): string | null {
    if (fault.value) return fault.value.name === name ? fault.value.message : null;
    return refused?.field === name ? refused.message : null;
  }

  const field = (spec: FactSpec) => (
    <Fact
      key={spec.name}
      spec={spec}
      text={typed.value[spec.name] ?? written(spec, facts[spec.name], formats)}
      fault={faultOf(spec.name)}
      type={(text) => (typed.value = { ...typed.value, [spec.name]: text })}
    />
  );
  return (
    <form ref={form} class="facts-form" onSubmit={send}>
      <fieldset class="plain" disabled={!editable}>
        <div class="fields">{BUYER.filter(shown).map(field)}</div>
        <h3>Co-buyer</h3>
        <div class="fields">{CO_BUYER.filter(shown).map(field)}</div>
      </fieldset>
      <footer>
        <Trouble>{!refused && !fault.value && trouble?.message}</Trouble>
        <button type="button" class="button" onClick={cancel}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={busy || !editable}>
          {verb}
        </button>
      </footer>
    </form>
  );
}

function focusOn(form: HTMLFormElement | null, name: string): void {
  form?.querySelector<HTMLElement>(`#fact-${name}`)?.focus();
}

interface FactProps {
  spec: FactSpec;
  text: string;
  fault: string | null;
  type(text: string): void;
}

function Fact({ spec, text, fault, type }: FactProps) {
  const id = `fact-${spec.name}`;
  return (
    <div class="field">
      <label for={id}>{spec.label}</label>
      {spec.choices ? (
        <select id={id} value={text} onChange={(event) => type(event.currentTarget.value)}>
          <option value="">None</option>
          {Object.entries(spec.choices).map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      ) : spec.kind === "date" ? (
        <input id={id} type="date" value={text} onInput={(event) => type(event.currentTarget.value)} />
      ) : (
        <input
          id={id}
          type="text"
          inputMode={spec.kind === "text" ? "text" : "decimal"}
          autocomplete="off"
          value={text}
          aria-invalid={fault !== null}
          aria-describedby={fault === null ? undefined : `${id}-fault`}
          onInput={(event) => type(event.currentTarget.value)}
        />
      )}
      {fault !== null && (
        <span id={`${id}-fault`} class="trouble" role="alert">
          {fault}
        </span>
      )}
    </div>
  );
}

/** A stored fact as it stands in its field. */
function written({ kind }: FactSpec, value: unknown, formats: Pick<Formats, "decimal">): string {
  if (value === null || value === undefined) return "";
  return kind === "money" ? typedMoney(Number(value), formats) : String(value);
}
