import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Parsed } from "../../text/parse";

interface Props<T> {
  label: string;
  value: T;
  show(value: T): string;
  parse(text: string): Parsed<T>;
  /** Takes a value that differs, when the person leaves the field or presses Enter. */
  commit(value: T): void;
  /** Says what is wrong with what was typed; null once it is right. */
  fault(message: string | null): void;
  /** Whether an edit is on its way: what was typed stays until its answer. */
  saving: boolean;
  disabled: boolean;
  inputMode?: "decimal" | "text";
  maxLength?: number;
  class?: string;
  /** Whether to take the focus now, with the text selected. */
  takesFocus?: boolean;
  focused?(): void;
}

/** A field of a scenario: it applies when left or by Enter, so that each look at a what-if is one change. */
export function CommitInput<T>(props: Props<T>) {
  const { label, value, show, saving, takesFocus } = props;
  const input = useRef<HTMLInputElement>(null);
  const draft = useSignal<string | null>(null);
  const now = JSON.stringify(value);
  /** The value as it was when this person began to type, and what they have given, or asked for, since. */
  const began = useRef(now);
  const given = useRef("");
  useEffect(() => {
    if (now === given.current) [began.current, given.current] = [now, ""];
    if (!saving && document.activeElement !== input.current) draft.value = null;
  }, [saving, now]);
  useLayoutEffect(() => {
    if (!takesFocus) return;
    // A person who has gone on to another field meanwhile stays there.
    if (!document.activeElement?.matches("input, select, textarea")) {
      input.current?.focus();
      input.current?.select();
    }
    props.focused?.();
  }, [takesFocus]);

  const apply = (leaving: boolean) => {
    if (draft.value === null) return;
    const read = props.parse(draft.value);
    props.fault(read.ok ? null : read.message);
    if (!read.ok) return;
    const wanted = JSON.stringify(read.value);
    // What was refused, or what somebody else has overtaken, is not given once more by leaving the field.
    if (wanted === now || (leaving && wanted === given.current)) {
      if (leaving && !saving) draft.value = null;
    } else if (now !== began.current && now !== given.current) {
      props.fault(`Meanwhile set to ${show(value)}: that counts.${leaving ? "" : " Enter replaces it."}`);
      [began.current, given.current] = [now, wanted];
      if (leaving) draft.value = null;
    } else {
      given.current = wanted;
      props.commit(read.value);
    }
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") apply(false);
    if (event.key !== "Escape" || draft.value === null) return;
    // The first Escape undoes what was typed; the next one closes the scenarios.
    event.stopPropagation();
    draft.value = null;
    props.fault(null);
  };
  return (
    <input
      ref={input}
      type="text"
      class={props.class}
      aria-label={label}
      inputMode={props.inputMode ?? "decimal"}
      maxLength={props.maxLength}
      autocomplete="off"
      spellcheck={false}
      value={draft.value ?? show(value)}
      disabled={props.disabled}
      onInput={(event) => {
        if (draft.value === null) [began.current, given.current] = [now, ""];
        draft.value = event.currentTarget.value;
      }}
      onBlur={() => apply(true)}
      onKeyDown={onKey}
    />
  );
}
