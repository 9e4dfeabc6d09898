import type { DealSession } from "../../deal/session";
import type { FieldSpec } from "../../deal/terms/fields";
import { type Parsed, parseVin, parseWhole } from "../../text/parse";
import { DraftInput } from "../parts/draft-input";
import { useSurroundings } from "../parts/surroundings";

interface Props {
  id: string;
  spec: FieldSpec;
  session: DealSession;
  served: unknown;
}

/** A field of words, such as a make, or a VIN. */
export function TextField({ id, spec, session, served }: Props) {
  const value = String(session.terms.value(spec.field, served) ?? "");
  const parse = spec.kind === "vin" ? parseVin : (text: string): Parsed<string> => ({ ok: true, value: text.trim() });
  return (
    <Draft
      id={id}
      spec={spec}
      session={session}
      served={String(served ?? "")}
      value={value}
      show={(text) => text}
      parse={parse}
    />
  );
}

/** A field of a whole number without a unit, such as a mileage or a model year. */
export function WholeField({ id, spec, session, served }: Props) {
  const { formats } = useSurroundings();
  const value = (session.terms.value(spec.field, served) ?? null) as number | null;
  return (
    <Draft
      id={id}
      spec={spec}
      session={session}
      served={(served ?? null) as number | null}
      value={value}
      numeric
      show={(number) => (number === null ? "" : spec.field.endsWith(".year") ? String(number) : formats.count(number))}
      parse={(text) => parseWhole(text, formats)}
    />
  );
}

interface DraftProps<T> extends Props {
  served: T;
  value: T;
  numeric?: boolean;
  show(value: T): string;
  parse(text: string): Parsed<T>;
}

function Draft<T>({ id, spec, session, served, value, numeric = false, show, parse }: DraftProps<T>) {
  const trouble = session.terms.trouble(spec.field);
  return (
    <DraftInput
      id={id}
      value={value}
      served={value === served}
      show={show}
      parse={parse}
      commit={(next, began) => session.terms.edit(spec.field, next, began)}
      abandon={() => session.terms.takeTheirs(spec.field)}
      trouble={trouble ? "see note" : null}
      placeholder={spec.empty ?? ""}
      describedBy={trouble ? `${id}-note` : undefined}
      inputMode={numeric ? "numeric" : "text"}
    />
  );
}
