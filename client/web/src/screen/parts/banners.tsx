import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { refusalText } from "../../deal/terms/fields";
import { type Standing, spoken } from "../../live/standing";
import type { Truth } from "../../live/truth";
import type { ErrorBody } from "../../wire";
import { EndedDialog } from "../standing/ended-dialog";
import { useSurroundings } from "./surroundings";

/** What passes so soon is not said aloud. */
const SPOKEN_AFTER_MS = 1_000;

/** Something that lives on a connection: a deal, or the wall. */
interface Linked {
  readonly truth: Truth;
  readonly failure: Signal<ErrorBody | null>;
  /** How many edits wait to be sent. */
  readonly unsaved: number;
  retryNow(): void;
}

/**
 * The strip at the foot of a page: what is wrong and what to do about it, else where the keys are. It has its place
 * when all is well too, and grows over the page, so that nothing moves.
 */
export function Banners({ session }: { session: Linked }) {
  const { truth } = session;
  const { standing } = truth;
  useEffect(() => {
    // Styles of any part may follow it.
    document.documentElement.dataset.standing = standing.value;
    return () => {
      delete document.documentElement.dataset.standing;
    };
  }, [standing.value]);
  useSpoken(standing.value);
  return (
    <footer class="status-strip">
      <div class="banners">
        <LinkBanner session={session} />
        <FailureBanner session={session} />
        {truth.notice.value && <p class="banner warn notice">{truth.notice.value.message}</p>}
        {truth.newer.value && <NewerBanner />}
        <Rest />
      </div>
      <EndedDialog session={session} />
    </footer>
  );
}

function Rest() {
  const { palette } = useSurroundings();
  return (
    <p class="strip-rest">
      <button type="button" class="link" onClick={() => palette?.open()}>
        Find anything <kbd>Ctrl K</kbd>
      </button>
      <span>
        Keys <kbd>?</kbd>
      </span>
    </p>
  );
}

function LinkBanner({ session }: { session: Linked }) {
  const { formats } = useSurroundings();
  const { truth, unsaved } = session;
  const standing = truth.standing.value;
  if (standing !== "silent" && standing !== "stale" && standing !== "offline") return null;
  const heard = truth.heardAt.value;
  const last = heard === null ? "" : ` Last update ${formats.clock(new Date(heard).toISOString())}.`;
  return (
    // Other words are another banner: nothing in it moves.
    <p class="banner warn" key={standing}>
      <span key={unsaved}>
        {WHAT[standing]}
        {standing !== "offline" && last}{" "}
        {unsaved > 0
          ? `${unsaved === 1 ? "1 edit is" : `${unsaved} edits are`} not saved yet, but kept here and sent when the connection is back.`
          : "This page may be out of date."}{" "}
        Reconnecting automatically.
      </span>
      <button type="button" class="button small" onClick={() => session.retryNow()}>
        Try now
      </button>
    </p>
  );
}

const WHAT = {
  silent: "The server does not answer.",
  stale: "This page is not current.",
  offline: "No connection.",
};

function FailureBanner({ session }: { session: Linked }) {
  const failure = session.failure.value;
  if (!failure) return null;
  return (
    <p class="banner bad" role="alert">
      <span>{refusalText(failure.message)}</span>
      <button type="button" class="button small" onClick={() => (session.failure.value = null)}>
        Dismiss
      </button>
    </p>
  );
}

/** A page never reloads by itself: somebody may be typing. */
function NewerBanner() {
  return (
    <p class="banner newer">
      <span>A newer version is here.</span>
      <button type="button" class="button small" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  );
}

/** Says that the page is not current, or is again: a change that lasts is said once. */
function useSpoken(standing: Standing): void {
  const { announcer } = useSurroundings();
  const before = useRef<Standing>(standing);
  useEffect(() => {
    const timer = setTimeout(() => {
      const said = spoken(before.current, standing);
      if (said) announcer.say(said, "standing");
      before.current = standing;
    }, SPOKEN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [standing]);
}
