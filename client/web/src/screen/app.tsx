import { useEffect, useMemo } from "preact/hooks";
import { widestView } from "../page";
import { PaletteDoor } from "../palette/door";
import { follow } from "../router";
import { DealPage } from "./pages/deal-page";
import { DealsPage } from "./pages/deals-page";
import { ManagersParts } from "./pages/loading";
import { Palette } from "./palette/palette";
import { type Surroundings, SurroundingsContext } from "./parts/surroundings";

export function App(props: Surroundings) {
  const palette = useMemo(() => new PaletteDoor(), []);
  const managers = useMemo(() => (props.user.role === "salesperson" ? null : new ManagersParts()), []);
  useEffect(() => void managers?.load(), [managers]);
  return (
    <SurroundingsContext.Provider value={{ ...props, palette, managers: managers?.loaded ?? null }}>
      <Page {...props} managers={managers} />
      <Palette door={palette} />
    </SurroundingsContext.Provider>
  );
}

interface PageProps extends Omit<Surroundings, "managers"> {
  managers: ManagersParts | null;
}

function Page({ router, user, managers }: PageProps) {
  const route = router.route.value;
  if (route.page === "deals") return <DealsPage />;
  if (route.page === "deal") return <DealPage key={route.id} dealId={route.id} widest={widestView(user.role)} />;
  if (route.page === "unknown" || !managers) return <NoPage router={router} />;
  const { WallPage, SecurityPage } = managers.loaded.value;
  if (route.page === "desk" && WallPage) return <WallPage />;
  if (route.page === "security" && SecurityPage) return <SecurityPage />;
  return managers.failed.value ? <NotLoaded /> : <main class="blank" aria-busy="true" />;
}

function NotLoaded() {
  return (
    <main class="blank">
      <h1>This page did not load</h1>
      <p class="quiet">The connection broke, or a newer version was installed. Nothing was lost.</p>
      <button type="button" class="button primary" onClick={() => location.reload()}>
        Reload
      </button>
    </main>
  );
}

function NoPage({ router }: Pick<Surroundings, "router">) {
  return (
    <main class="blank">
      <h1>There is no such page</h1>
      <p class="quiet">The address is incomplete, or the page has moved.</p>
      <a class="button" href="/" onClick={follow(router, "/")}>
        All deals
      </a>
    </main>
  );
}
