import type { DealSession } from "../deal/session";

const SIGNED_OUT = 4001;
const FORBIDDEN = 4003;

/** What is wrong and what to do about it; nothing where all is well. */
export function Banners({ session }: { session: DealSession }) {
  return (
    <div class="banners" aria-live="assertive">
      <LinkBanner session={session} />
      <FailureBanner session={session} />
      {session.notice.value && <p class="banner warn">{session.notice.value.message}</p>}
    </div>
  );
}

function LinkBanner({ session }: { session: DealSession }) {
  const link = session.link.value;
  void session.editing.value;
  const kept = session.edits.unsaved;
  if (link.kind === "waiting" && link.attempt > 1) {
    return (
      <p class="banner warn">
        <span>No connection. {kept > 0 ? "Your edits are kept and will be sent when it is back." : "What you see may be out of date."} Trying again by itself.</span>
        <button type="button" class="button small" onClick={() => session.retryNow()}>Try now</button>
      </p>
    );
  }
  if (link.kind !== "ended") return null;
  if (link.code === SIGNED_OUT) {
    return <p class="banner bad"><span>You are signed out. Sign in to go on with this deal.</span><a class="button small" href="/login">Sign in</a></p>;
  }
  return (
    <p class="banner bad">
      <span>{link.code === FORBIDDEN ? "You may not see this." : `The server ended the connection (${link.code}).`}</span>
      <button type="button" class="button small" onClick={() => location.reload()}>Load the page again</button>
    </p>
  );
}

function FailureBanner({ session }: { session: DealSession }) {
  const failure = session.failure.value;
  if (!failure) return null;
  return (
    <p class="banner bad">
      <span>{failure.message}</span>
      <button type="button" class="button small" onClick={() => (session.failure.value = null)}>Dismiss</button>
    </p>
  );
}
