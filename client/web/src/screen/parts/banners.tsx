import type { ReadonlySignal, Signal } from "@preact/signals";
import { refusalText } from "../../deal/terms/fields";
import type { Link } from "../../live/connection";
import type { ErrorBody, Notice } from "../../wire";

const SIGNED_OUT = 4001;
const FORBIDDEN = 4003;

/** Something that lives on a connection: a deal, or the wall. */
interface Linked {
  readonly link: ReadonlySignal<Link>;
  readonly failure: Signal<ErrorBody | null>;
  readonly notice: ReadonlySignal<Notice | null>;
  /** How many edits wait to be sent. */
  readonly unsaved: number;
  retryNow(): void;
}

/** What is wrong and what to do about it; nothing if all is well. */
export function Banners({ session }: { session: Linked }) {
  return (
    <div class="banners" aria-live="assertive">
      <LinkBanner session={session} />
      <FailureBanner session={session} />
      {session.notice.value && <p class="banner warn">{session.notice.value.message}</p>}
    </div>
  );
}

function LinkBanner({ session }: { session: Linked }) {
  const link = session.link.value;
  const kept = session.unsaved;
  if (link.kind === "waiting" && link.attempt > 1) {
    return (
      <p class="banner warn">
        <span>
          No connection.{" "}
          {kept > 0
            ? "Your edits are saved here and sent when the connection is back."
            : "This page may be out of date."}{" "}
          Reconnecting automatically.
        </span>
        <button type="button" class="button small" onClick={() => session.retryNow()}>
          Try now
        </button>
      </p>
    );
  }
  if (link.kind !== "ended") return null;
  if (link.code === SIGNED_OUT) {
    return (
      <p class="banner bad">
        <span>You are signed out. Sign in to continue.</span>
        <a class="button small" href="/login">
          Sign in
        </a>
      </p>
    );
  }
  return (
    <p class="banner bad">
      <span>
        {link.code === FORBIDDEN
          ? "You do not have access to this page."
          : `The server ended the connection (${link.code}).`}
      </span>
      <button type="button" class="button small" onClick={() => location.reload()}>
        Reload the page
      </button>
    </p>
  );
}

function FailureBanner({ session }: { session: Linked }) {
  const failure = session.failure.value;
  if (!failure) return null;
  return (
    <p class="banner bad">
      <span>{refusalText(failure.message)}</span>
      <button type="button" class="button small" onClick={() => (session.failure.value = null)}>
        Dismiss
      </button>
    </p>
  );
}
