import { isOpen } from "../../deal/desk/steps";
import type { DealSession } from "../../deal/session";
import type { FieldSpec } from "../../deal/terms/fields";
import { initialsOf } from "../../text/readable";
import type { Present } from "../../wire";
import { Trouble } from "../parts/trouble";

interface Props {
  spec: FieldSpec;
  session: DealSession;
  /** Who locked the field for salespeople. */
  by: string | undefined;
}

/** Who is in the field, and who locked it, in a place of their own beside the label: nothing moves for them. */
export function FieldMarks({ here, locks = true, ...lock }: Props & { here: Present | undefined; locks?: boolean }) {
  return (
    <span class="field-marks">
      <span>
        {/* Beside a lock there is no room for more words: then the outline of the field says it. */}
        {here && <HereMark name={here.name} quiet={locks && lock.by !== undefined} />}
        {locks && <LockMark {...lock} />}
      </span>
    </span>
  );
}

export function HereMark({ name, quiet = false }: { name: string; quiet?: boolean }) {
  return (
    <span class="locked-by here-mark" title={`${name} is here`}>
      {!quiet && <span aria-hidden="true">{initialsOf(name)} here</span>}
      <span class="visually-hidden">
        <bdi>{name}</bdi> is here
      </span>
    </span>
  );
}

/** Who locked the field for salespeople; managers lock and unlock it from the field itself. */
export function LockMark({ spec, session, by }: Props) {
  const { desk } = session;
  const field = spec.shared ?? spec.field;
  const subject = `field:${field}`;
  const trouble = desk.troubles.value.get(subject);
  const deal = session.model.value?.deal;
  if (!session.can("lock") || !deal || !isOpen(deal)) return by === undefined ? null : <Locked by={by} />;
  return (
    <>
      <button
        type="button"
        class="lock"
        aria-pressed={by !== undefined}
        aria-label={by === undefined ? `Lock ${spec.label}` : `Locked ${spec.label} by ${by}`}
        disabled={desk.busy.value.has(subject)}
        title={by === undefined ? "Lock this field for salespeople" : `Locked by ${by}. A click unlocks it.`}
        onClick={() => desk.give(subject, { type: by === undefined ? "lock" : "unlock", field })}
      >
        {by === undefined ? "Lock" : `Locked ${initialsOf(by)}`}
      </button>
      <Trouble inline>{trouble?.message}</Trouble>
    </>
  );
}

function Locked({ by }: { by: string }) {
  return (
    <span class="locked-by" title={`Locked by ${by}`}>
      <span aria-hidden="true">Locked {initialsOf(by)}</span>
      <span class="visually-hidden">
        Locked by <bdi>{by}</bdi>
      </span>
    </span>
  );
}
