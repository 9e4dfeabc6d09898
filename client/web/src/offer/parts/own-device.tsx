import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Formats } from "../../text/format";
import type { Door, Entry } from "../door";
import type { OfferSession } from "../session";
import { OfferPage } from "./offer-page";
import { Blank, Opening } from "./opening";

interface Props {
  door: Door;
  /** Begins to follow a channel. */
  open(channel: string): OfferSession;
  formats: Formats;
}

/** The customer's own device: from the link to the offer, and to its end. */
export function OwnDevice({ door, open, formats }: Props) {
  const entry = useSignal<Entry | null>(null);
  const session = useSignal<OfferSession | null>(null);

  function enter(found: Entry): void {
    session.value?.close();
    session.value = found.kind === "open" ? open(found.channel) : null;
    entry.value = found;
  }
  useEffect(() => {
    void door.enter().then(enter);
  }, []);
  useSignalEffect(() => {
    const phase = session.value?.phase.value;
    if (phase !== "ended" && phase !== "failed") return;
    // The page closes at once; the link is tried again, because another one may have taken its place in this browser.
    queueMicrotask(() => enter({ kind: "over" }));
    void door.again().then((found) => {
      if (found.kind !== "over") enter(found);
    });
  });

  if (session.value) return <OfferPage session={session.value} formats={formats} own />;
  switch (entry.value?.kind) {
    case "none":
      return <Blank title="Open the link that your salesperson sent you" text="This page shows nothing by itself." />;
    case "over":
      return <Blank title="This link has ended" text="Ask your salesperson for a new one." />;
    case "later":
      return (
        <Blank title="The offer could not be opened" text={entry.value.message}>
          <button
            type="button"
            class="button touch"
            onClick={() => {
              entry.value = null;
              void door.enter().then(enter);
            }}
          >
            Try again
          </button>
        </Blank>
      );
    default:
      return <Opening />;
  }
}
