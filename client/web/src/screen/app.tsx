import { useEffect, useMemo } from "preact/hooks";
import { widestView } from "../page";
import { PaletteDoor } from "../palette/door";
import { useKeptFocus } from "./focus/kept-focus";
import { usePageFocus } from "./focus/page-focus";
import { DealPage } from "./pages/deal-page";
import { DealsPage } from "./pages/deals-page";
import { ManagersParts } from "./pages/loading";
import { Palette } from "./palette/palette";
import { Announced, useAnnouncer } from "./parts/announced";
import { BlankPage } from "./parts/blank-page";
import { type Surroundings, SurroundingsContext } from "./parts/surroundings";

export function App(props: Omit<Surroundings, "announcer">) {
  const palette = useMemo(() => new PaletteDoor(), []);
  useKeptFocus();
  const announcer = useAnnouncer(props.environment);
  const managers = useMemo(() => (props.user.role === "salesperson" ? null : new ManagersParts()), []);
  useEffect(() => void managers?.load(), [managers]);
  return (
    <SurroundingsContext.Provider value={{ ...props, palette, announcer, managers: managers?.loaded ?? null }}>
      <Page {...props} managers={managers} />
      <Announced />
      <Palette door={palette} />
    </SurroundingsContext.Provider>
  );
}

interface PageProps extends Omit<Surroundings, "managers" | "announcer"> {
  managers: ManagersParts | null;
}

function Page({ router, user, managers }: PageProps) {
  const route = router.route.value;
  usePageFocus(route, managers?.loaded.value, managers?.failed.value);
  if (route.page === "deals") return <DealsPage />;
  if (route.page === "deal") return <DealPage key={route.id} dealId={route.id} widest={widestView(user.role)} />;
  if (route.page === "unknown" || !managers)
    return <BlankPage title="There is no such page" text="The address is incomplete, or the page has moved." />;
  const { WallPage, SecurityPage } = managers.loaded.value;
  if (route.page === "desk" && WallPage) return <WallPage />;
  if (route.page === "security" && SecurityPage) return <SecurityPage />;
  return managers.failed.value ? <NotLoaded /> : <main class="blank" aria-busy="true" />;
}

function NotLoaded() {
  return (
    <BlankPage
      title="This page did not load"
      text="The connection broke, or a newer version was installed. Nothing was lost."
    >
      <button type="button" class="button primary" onClick={() => location.reload()}>
        Reload
      </button>
    </BlankPage>
  );
}
