import { useEffect, useRef } from "preact/hooks";
import { FORBIDDEN, SIGNED_OUT } from "../../live/standing";
import type { Truth } from "../../live/truth";

interface Session {
  readonly truth: Truth;
  readonly unsaved: number;
}

/** The connection ended for good: why, and what to do. It cannot be waved away, because nothing behind it works. */
export function EndedDialog({ session }: { session: Session }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const link = session.truth.link.value;
  const code = link.kind === "ended" ? link.code : null;
  useEffect(() => {
    if (code !== null && !dialog.current?.open) dialog.current?.showModal();
  }, [code]);
  if (code === null) return null;
  const kept = session.unsaved;
  return (
    <dialog
      ref={dialog}
      class="ended-dialog"
      role="alertdialog"
      aria-labelledby="ended-title"
      aria-describedby="ended-text"
      onCancel={(event) => event.preventDefault()}
      // A browser lets a second Escape close it all the same.
      onClose={() => dialog.current?.showModal()}
    >
      <h2 id="ended-title">{TITLES[code] ?? "The server ended the connection"}</h2>
      <p id="ended-text">
        {code === SIGNED_OUT && "Your session ended, here or on another screen. "}
        {code !== SIGNED_OUT && code !== FORBIDDEN && `Reload the page to go on (${code}). `}
        {code === SIGNED_OUT && kept === 0 && "After you sign in you come back to this page."}
        {kept > 0 &&
          `${kept === 1 ? "1 edit is" : `${kept} edits are`} not saved yet. This tab keeps ${kept === 1 ? "it" : "them"} and sends ${kept === 1 ? "it" : "them"} when you are back.`}
      </p>
      <div class="buttons">
        {code === SIGNED_OUT ? (
          <a class="button primary" href={`/login?next=${encodeURIComponent(location.pathname)}`}>
            Sign in again
          </a>
        ) : (
          <button type="button" class="button primary" onClick={() => location.reload()}>
            Reload the page
          </button>
        )}
      </div>
    </dialog>
  );
}

const TITLES: Record<number, string> = {
  [SIGNED_OUT]: "You were signed out",
  [FORBIDDEN]: "You do not have access to this page",
};
