// Sets a story up: a page over a scripted server, or a part with a loaded session.
import { type ComponentChild, Fragment } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { DealSession } from "../../deal/session";
import { createRouter } from "../../router";
import { App } from "../../screen/app";
import { ManagersParts } from "../../screen/pages/loading";
import { useAnnouncer } from "../../screen/parts/announced";
import { SurroundingsContext } from "../../screen/parts/surroundings";
import { formatsFor } from "../../text/format";
import type { View } from "../../wire";
import type { Recording, Twist } from "./recording";
import { ScriptedServer } from "./scripted-server";

const formats = formatsFor("en-US");

/** A whole page of the client, as the person of the recording sees it at `path`. */
export function Page({ recording, twist, path }: { recording: Recording; twist?: Twist; path?: string }) {
  const made = useMemo(() => {
    answerHttp(recording);
    const router = createRouter(path ?? recording.path);
    return { router, environment: new ScriptedServer(recording, twist) };
  }, [recording, twist, path]);
  return <App user={recording.user} formats={formats} {...made} />;
}

interface PartProps {
  recording: Recording;
  twist?: Twist;
  view?: View;
  children(session: DealSession): ComponentChild;
}

/** A part of the deal's page with a session of its own; drawn once the deal is loaded. */
export function Part({ recording, twist, view = "manager", children }: PartProps) {
  const made = useMemo(() => {
    const environment = new ScriptedServer(recording, twist);
    const dealId = recording.path.split("/").at(-1) ?? "";
    const router = createRouter(recording.path);
    const managers = view === "manager" ? new ManagersParts() : null;
    void managers?.load();
    return {
      environment,
      router,
      managers: managers?.loaded ?? null,
      session: new DealSession(dealId, "", environment, view),
    };
  }, [recording, twist, view]);
  useEffect(() => () => made.session.close(), [made]);
  const { environment, router, managers, session } = made;
  const announcer = useAnnouncer(environment);
  return (
    <SurroundingsContext.Provider value={{ user: recording.user, router, formats, environment, announcer, managers }}>
      {session.model.value ? <Fragment>{children(session)}</Fragment> : null}
    </SurroundingsContext.Provider>
  );
}

/** Answers what the page asks by HTTP from the recording. */
function answerHttp(recording: Recording): void {
  globalThis.fetch = (input) => {
    const { pathname } = new URL(String(input), location.href);
    const answer = recording.http[pathname];
    const status = answer === undefined ? 404 : 200;
    return Promise.resolve(new Response(JSON.stringify(answer ?? {}), { status }));
  };
}

const PATIENCE_MS = 30_000;

/** Returns the first element of a selector with a text, once it is there. Throws if it does not come. */
export async function appears<T extends Element>(root: ParentNode, selector: string, text = ""): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const found = [...root.querySelectorAll<T>(selector)].find((each) => each.textContent?.includes(text));
    if (found) return found;
    await new Promise(requestAnimationFrame);
  }
  throw new Error(`The story has no ${selector} ${text}`);
}
