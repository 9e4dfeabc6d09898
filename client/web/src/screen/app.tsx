import { useMemo } from "preact/hooks";
import { widestView } from "../page";
import { PaletteDoor } from "../palette/door";
import { follow } from "../router";
import { DealPage } from "./pages/deal-page";
import { DealsPage } from "./pages/deals-page";
import { SecurityPage } from "./pages/security-page";
import { WallPage } from "./pages/wall-page";
import { Palette } from "./palette/palette";
import { type Surroundings, SurroundingsContext } from "./parts/surroundings";

export function App(props: Surroundings) {
  const palette = useMemo(() => new PaletteDoor(), []);
  return (
    <SurroundingsContext.Provider value={{ ...props, palette }}>
      <Page {...props} />
      <Palette door={palette} />
    </SurroundingsContext.Provider>
  );
}

function Page({ router, user }: Surroundings) {
  const route = router.route.value;
  if (route.page === "deals") return <DealsPage />;
  if (route.page === "desk" && user.role !== "salesperson") return <WallPage />;
  if (route.page === "security" && user.role !== "salesperson") return <SecurityPage />;
  if (route.page === "deal") return <DealPage key={route.id} dealId={route.id} widest={widestView(user.role)} />;
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
