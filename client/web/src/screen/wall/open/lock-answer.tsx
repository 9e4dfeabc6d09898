import { useLayoutEffect, useRef } from "preact/hooks";
import { fieldLabel } from "../../../deal/terms/fields";
import { useSaid } from "../../parts/announced";
import type { Answering } from "./answers";
import { Key } from "./key";

const FIELDS = ["cash_down_cents", "terms_months", "discount_cents", "rate_bp", "trades", "products"];

/** Locks a field for salespeople, or unlocks it. Cash has the focus: it is locked most. */
export function LockAnswer({ session, deal, stalled, back }: Answering) {
  const { desk } = session;
  const bar = useRef<HTMLDivElement>(null);
  const locks = new Map((deal.locks ?? []).map(({ field, by }) => [field, by.name]));
  const trouble = FIELDS.map((field) => desk.troubles.value.get(`field:${field}`)).find(Boolean);
  useSaid(trouble?.message ?? stalled ?? "", "answer");
  useLayoutEffect(() => bar.current?.querySelector("button")?.focus(), []);
  return (
    <div ref={bar} class="answers locking" role="group" aria-label="Lock a field for salespeople">
      <p class="answer-words">
        {trouble && <span class="trouble">{trouble.message}</span>}
        {stalled && <span class="trouble">{stalled}</span>}
      </p>
      {FIELDS.map((field) => {
        const by = locks.get(field);
        const subject = `field:${field}`;
        return (
          <button
            key={field}
            type="button"
            class="button"
            aria-pressed={by !== undefined}
            disabled={desk.busy.value.has(subject) || stalled !== null}
            onClick={() => desk.give(subject, { type: by === undefined ? "lock" : "unlock", field })}
          >
            {by === undefined ? "Lock" : "Locked:"} {words(field)}
          </button>
        );
      })}
      <button type="button" class="button" onClick={back}>
        Done <Key>Esc</Key>
      </button>
    </div>
  );
}

function words(field: string): string {
  if (field === "cash_down_cents") return "cash";
  if (field === "terms_months") return "terms";
  return fieldLabel(field).toLowerCase();
}
