import { useRef } from "preact/hooks";
import type { DealSession } from "../../../deal/session";
import { Trouble } from "../../parts/trouble";

/** Adds a note for the people who work on the deal. The typed text stays until the server has it. */
export function NoteInput({ session, sent }: { session: DealSession; sent?: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const { desk } = session;
  if (!session.can("note")) return null;
  const trouble = desk.troubles.value.get("note");

  function send(event: Event): void {
    event.preventDefault();
    const text = input.current?.value.trim() ?? "";
    if (text === "" || desk.busy.value.has("note")) return;
    desk.give("note", { type: "note", text }, () => {
      if (input.current) input.current.value = "";
      sent?.();
    });
  }

  return (
    <form class="note-input" onSubmit={send}>
      <input
        ref={input}
        type="text"
        aria-label="Note"
        placeholder="Note for the desk…"
        maxLength={2000}
        autocomplete="off"
        onInput={() => desk.dismiss("note")}
      />
      <button type="submit" class="button small">
        Add note
      </button>
      <Trouble inline>{trouble?.message}</Trouble>
    </form>
  );
}
