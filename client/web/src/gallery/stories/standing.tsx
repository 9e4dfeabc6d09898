// What a page says of its connection, and the palette and the help that every page has.
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Link } from "../../live/connection";
import type { Beat } from "../../live/pulse";
import { Truth } from "../../live/truth";
import { createRouter } from "../../router";
import { useAnnouncer } from "../../screen/parts/announced";
import { Banners } from "../../screen/parts/banners";
import { SurroundingsContext } from "../../screen/parts/surroundings";
import { TopBar } from "../../screen/parts/top-bar";
import { NeedsAnswer } from "../../screen/standing/needs-answer";
import { StandingMark } from "../../screen/standing/standing-mark";
import { formatsFor } from "../../text/format";
import type { ErrorBody, Notice, Welcome } from "../../wire";
import { ScriptedServer } from "../fake/scripted-server";
import { appears, Page } from "../fake/stage";
import { pathOf, recordings } from "../recorded/recordings";
import type { Story } from "../story";

const { sales } = recordings;
const OPEN: Link = { kind: "open" };
const AWAY: Link = { kind: "waiting", until: 0, attempt: 2, code: 1006, since: 0 };
const AT = Date.parse(sales.at);

interface State {
  link?: Link;
  beat?: Beat;
  unsaved?: number;
  failure?: string;
  notice?: string;
  newer?: boolean;
}

function foot(state: string, shown: State): Story {
  return { part: "connection", state, page: true, render: () => <Foot {...shown} /> };
}

/** A page of which only its head and its foot are there. */
function Foot(shown: State) {
  const session = useMemo(() => sessionOf(shown), [shown]);
  const environment = useMemo(() => new ScriptedServer(sales), []);
  const announcer = useAnnouncer(environment);
  const surroundings = useMemo(
    () => ({
      user: sales.user,
      router: createRouter("/"),
      formats: formatsFor("en-US"),
      environment,
      announcer,
    }),
    [],
  );
  return (
    <SurroundingsContext.Provider value={surroundings}>
      <div class="page deal">
        <TopBar>
          <div class="deal-card">
            <h1 class="customer">Lin Moore</h1>
          </div>
          <StandingMark session={session} />
        </TopBar>
        <main>
          <NeedsAnswer session={session}>
            <div class="desk-bar">
              <span>2023 Lexus RX</span>
              <div class="steps">
                <button type="button" class="button small primary">
                  Approve
                </button>
              </div>
            </div>
          </NeedsAnswer>
        </main>
        <Banners session={session} />
      </div>
    </SurroundingsContext.Provider>
  );
}

function sessionOf({ link = OPEN, beat = "fresh", unsaved = 0, failure, notice, newer = false }: State) {
  const truth = new Truth("this");
  truth.welcomed({ page_build: newer ? "another" : "this" } as Welcome);
  truth.changed(link);
  truth.current.value = link.kind === "open";
  truth.pulsed({ beat, quietMs: 12_000, heardAt: AT, now: AT });
  truth.notice.value = notice ? ({ type: "notice", code: "degraded", message: notice } as Notice) : null;
  const error: ErrorBody | null = failure ? { code: "invalid", message: failure, retry: false, detail: {} } : null;
  return { truth, failure: signal(error), unsaved, retryNow: () => {} };
}

function press(key: string, ctrlKey = false): void {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true }));
}

function over(part: string, opened: string, open: () => void): Story {
  return {
    part,
    state: "of a deal",
    page: true,
    render: () => <Page recording={sales} path={pathOf(sales, "working")} />,
    act: async (root) => {
      await appears(root, ".standing.live");
      open();
      await appears(root, opened);
    },
  };
}

export const STANDINGS: Story[] = [
  foot("live", {}),
  foot("checking", { beat: "checking" }),
  foot("no answer, one edit", { beat: "silent", link: AWAY, unsaved: 1 }),
  foot("not current", { beat: "stale", link: AWAY }),
  foot("offline, two edits", { link: AWAY, unsaved: 2 }),
  foot("degraded", { notice: "The database is not responding right now." }),
  foot("refused", { failure: "no tax rule for ZZ" }),
  foot("newer version", { newer: true }),
  foot("signed out, two edits", { link: { kind: "ended", code: 4001 }, unsaved: 2 }),
  foot("forbidden", { link: { kind: "ended", code: 4003 } }),
  over("palette", ".palette [role=option]", () => press("k", true)),
  over("help", ".help[open]", () => press("?")),
];
