import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Parsed } from "../../text/parse";

const TYPING_PAUSE_MS = 200;

interface Props<T> {
  id: string;
  value: T;
  /** Whether `value` is the server's: then another person's newer value replaces what was typed before. */
  served: boolean;
  show(value: T): string;
  parse(text: string): Parsed<T>;
  /** Takes what was typed; `began` is what stood in the field before the first key. */
  commit(value: T, began: T): void;
  /** Discards what was typed and not accepted. */
  abandon?(): void;
  trouble?: string | null;
  placeholder?: string;
  describedBy?: string | undefined;
  inputMode?: "decimal" | "numeric" | "text";
  disabled?: boolean;
}

/**
 * A text field that applies as typed. What a person types stays as typed while the field has the focus; a value from
 * elsewhere appears at once, without moving the caret, unless something was typed that the server does not have yet.
 */
export function DraftInput<T>(props: Props<T>) {
  const { id, value, show, parse, trouble } = props;
  const input = useRef<HTMLInputElement>(null);
  const draft = useSignal<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const began = useRef(value);
  const parsed = draft.value === null ? null : parse(draft.value);
  const fault = parsed && !parsed.ok ? parsed.message : null;
  const text = draft.value ?? show(value);
  useCaretKept(input, text);

  function flush(): void {
    if (timer.current === null) return;
    clearTimeout(timer.current);
    timer.current = null;
    const read = draft.value === null ? null : parse(draft.value);
    if (read?.ok) props.commit(read.value, began.current);
  }
  const latestFlush = useRef(flush);
  latestFlush.current = flush;
  useEffect(() => () => latestFlush.current(), []);
  useEffect(() => {
    if (props.served && timer.current === null && fault === null) draft.value = null;
  }, [JSON.stringify(value)]);

  function onInput(typed: string): void {
    draft.value = typed;
    if (timer.current !== null) clearTimeout(timer.current);
    else began.current = value;
    timer.current = setTimeout(() => latestFlush.current(), TYPING_PAUSE_MS);
  }
  function onBlur(): void {
    flush();
    if (fault === null) draft.value = null;
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter") flush();
    if (event.key !== "Escape" || (draft.value === null && !trouble)) return;
    // The key undid what was typed: what lies open stays open.
    event.preventDefault();
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    draft.value = null;
    props.abandon?.();
  }

  const faultId = `${id}-fault`;
  return (
    <>
      <input
        id={id}
        ref={input}
        type="text"
        inputMode={props.inputMode ?? "decimal"}
        autocomplete="off"
        spellcheck={false}
        value={text}
        placeholder={props.placeholder}
        disabled={props.disabled}
        aria-invalid={fault !== null || Boolean(trouble)}
        aria-describedby={fault === null ? props.describedBy : faultId}
        onInput={(event) => onInput(event.currentTarget.value)}
        onBlur={onBlur}
        onKeyDown={onKeyDown}
      />
      {fault !== null && (
        <span id={faultId} class="trouble" role="alert">
          {fault}
        </span>
      )}
    </>
  );
}

/** Keeps the caret where it is when the text of the focused field is replaced from elsewhere. */
function useCaretKept(input: { current: HTMLInputElement | null }, text: string): void {
  const element = input.current;
  const focused = element !== null && document.activeElement === element;
  const caret = focused ? [element.selectionStart, element.selectionEnd] : null;
  useLayoutEffect(() => {
    if (caret && input.current && document.activeElement === input.current) {
      input.current.setSelectionRange(caret[0] ?? null, caret[1] ?? null);
    }
  }, [text]);
}
