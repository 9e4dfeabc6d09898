import { useEffect } from "preact/hooks";
import { SIGNED_OUT } from "../../live/standing";
import type { Formats } from "../../text/format";
import type { OfferSession } from "../session";
import { OfferPage } from "./offer-page";
import { Blank } from "./opening";

interface Props {
  session: OfferSession;
  /** The way back to the salesperson's own page of the deal. */
  dealPath: string;
  formats: Formats;
}

/** The store's screen, turned to the customer. Escape leads back. */
export function StoreScreen({ session, dealPath, formats }: Props) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) location.assign(dealPath);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [dealPath]);

  const { link, refusal } = session.state.value;
  const phase = session.phase.value;
  const back = (
    <a class="button touch" href={dealPath}>
      Back to the deal
    </a>
  );
  if (phase === "failed")
    return (
      <Blank title="The deal cannot be shown" text={refusal?.message ?? ""}>
        {back}
      </Blank>
    );
  if (link.kind === "ended") {
    const out = link.code === SIGNED_OUT;
    return (
      <Blank
        title={out ? "You are signed out" : "The connection ended"}
        text={out ? "Sign in to go on." : "Load the page again to go on."}
      >
        {out ? (
          <a class="button touch" href={`/login?next=${encodeURIComponent(location.pathname)}`}>
            Sign in
          </a>
        ) : (
          back
        )}
      </Blank>
    );
  }
  return <OfferPage session={session} formats={formats} tools={<Tools dealPath={dealPath} />} />;
}

function Tools({ dealPath }: { dealPath: string }) {
  return (
    <nav class="present-tools" aria-label="This screen">
      <button type="button" class="quiet-tool" onClick={toggleFullScreen}>
        Full screen
      </button>
      <a class="quiet-tool" href={dealPath}>
        Back <kbd>Esc</kbd>
      </a>
    </nav>
  );
}

function toggleFullScreen(): void {
  // Refused, or not even there, where a browser has none, such as on a phone: the page stays as it is.
  const page = document.documentElement;
  const change = document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen?.();
  change?.catch(() => {});
}
