// The pages of this client and moving between them without loading again.
import { signal } from "@preact/signals";

export type Route =
  | { page: "deals" }
  | { page: "desk" }
  | { page: "security" }
  | { page: "deal"; id: string }
  | { page: "unknown" };

function routeOf(path: string): Route {
  if (path === "/") return { page: "deals" };
  if (path === "/desk") return { page: "desk" };
  if (path === "/security") return { page: "security" };
  const id = /^\/deals\/([A-Za-z0-9_-]+)\/?$/.exec(path)?.[1];
  return id ? { page: "deal", id } : { page: "unknown" };
}

/** Returns the current route as a signal, at first that of `path`, which follows the browser's buttons. */
export function createRouter(path = location.pathname) {
  const route = signal(routeOf(path));
  const onPop = () => (route.value = routeOf(location.pathname));
  addEventListener("popstate", onPop);
  return {
    route,
    go(path: string): void {
      history.pushState(null, "", path);
      onPop();
    },
  };
}

export type Router = ReturnType<typeof createRouter>;

/** Follows a plain click on a link within the page; clicks with a modifier stay the browser's. */
export function follow(router: Router, path: string) {
  return (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.go(path);
  };
}
