import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { widestView, type SignedIn } from "../page";
import { follow, type Router } from "../router";
import type { Formats } from "../text/format";
import { DealPage } from "./deal-page";
import { DealsPage } from "./deals-page";
import { SecurityPage } from "./security-page";
import { WallPage } from "./wall-page";

export interface Surroundings {
  user: SignedIn;
  router: Router;
  formats: Formats;
}

const Context = createContext<Surroundings | null>(null);

/** Returns who is signed in, the router and the number formats. */
export function useSurroundings(): Surroundings {
  const found = useContext(Context);
  if (!found) throw new Error("used outside App");
  return found;
}

export function App(props: Surroundings) {
  return (
    <Context.Provider value={props}>
      <Page {...props} />
    </Context.Provider>
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
      <a class="button" href="/" onClick={follow(router, "/")}>All deals</a>
    </main>
  );
}
