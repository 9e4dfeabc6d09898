import { effect, untracked, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { kept, socketAddress } from "../../live/environment";
import { browserAlerts } from "../../wall/alert-port";
import { Alerts, newsText } from "../../wall/alerts";
import { heardFrom, NOTHING_HEARD } from "../../wall/news";
import { queueTotals } from "../../wall/sections";
import { WallSession } from "../../wall/session";
import { useSurroundings } from "../parts/surroundings";
import { TopBar } from "../parts/top-bar";
import { StandingMark } from "../standing/standing-mark";
import { WallHead } from "../wall/wall-head";
import { focusRow, useWallKeys } from "../wall/wall-keys";
import { WALL_HINT, WALL_SHORTCUTS } from "../wall/wall-shortcuts";
import { WallTable } from "../wall/wall-table";
import { WallView } from "../wall/wall-view";
import { StoreFoot } from "./store-foot";

/** The store's live deals: what waits for the desk first, then what is still to be done about the rest. */
export function WallPage() {
  const { user, environment, announcer } = useSurroundings();
  const session = useMemo(
    () => new WallSession(`desk:${user.store_id}`, "manager", socketAddress(location), environment),
    [user.store_id, environment],
  );
  const view = useMemo(() => new WallView(session, environment, user.id, announcer), [session]);
  const alerts = useMemo(() => new Alerts(browserAlerts(), kept, environment.visible), [environment]);
  const find = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const quiet = watchNews(view, alerts);
    return () => {
      quiet();
      view.close();
      session.close();
    };
  }, [view]);
  useWallKeys(view);
  useSignalEffect(() => {
    const { count } = queueTotals(session.rows.value);
    document.title = `${count > 0 ? `(${count}) ` : ""}Desk · Deal Architect`;
  });

  const failure = session.failure.value;
  const loading = session.name.value === null && !failure;
  return (
    <div class="page desk-wall">
      <TopBar>
        <h1>{session.name.value ? `${session.name.value} desk` : "Desk"}</h1>
        <StandingMark session={session} />
      </TopBar>
      {!(failure && !failure.retry) && (
        <main class="wall">
          <WallHead view={view} alerts={alerts} find={find} />
          <WallTable view={view} loading={loading} />
        </main>
      )}
      <StoreFoot
        session={session}
        page="wall"
        find={() => find.current?.focus()}
        own={WALL_SHORTCUTS}
        hint={WALL_HINT}
      />
    </div>
  );
}

/** Tells of each deal that begins to wait while the page is open. */
function watchNews(view: WallView, alerts: Alerts): () => void {
  const { session } = view;
  let heard = NOTHING_HEARD;
  return effect(() => {
    const look = heardFrom(heard, session.rows.value, session.name.value !== null);
    heard = look.heard;
    untracked(() => {
      alerts.tell(look.news, ({ deal_id: id }) => {
        const key = `waiting:${id}`;
        view.rearrange();
        const item = view.item(key);
        if (item) view.answer(item, "look");
        focusRow(key);
      });
      for (const deal of look.news) view.announcer.say(`New submit: ${newsText(deal)}`);
    });
  });
}
