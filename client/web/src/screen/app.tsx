import { widestView } from "../page";
import { follow } from "../router";
import { DealPage } from "./pages/deal-page";
import { DealsPage } from "./pages/deals-page";
import { SecurityPage } from "./pages/security-page";
import { WallPage } from "./pages/wall-page";
import { type Surroundings, SurroundingsContext } from "./parts/surroundings";

export function App(props: Surroundings) {
  return (
    <SurroundingsContext.Provider value={props}>
      <Page {...props} />
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
      <a class="button" href="/" onClick={follow(router, "/")}>
        All deals
      </a>
    </main>
  );
}
