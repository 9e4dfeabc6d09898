import type { ComponentChildren } from "preact";
import { csrfToken } from "../../page";
import { follow } from "../../router";
import { forgetEdits } from "../standing/forget-edits";
import { useSurroundings } from "./surroundings";

/** The head of every page: the way back to the deals, what the page adds, and who is signed in. */
export function TopBar({ children, aside }: { children?: ComponentChildren; aside?: ComponentChildren }) {
  const { router, user } = useSurroundings();
  return (
    <header class="top">
      <a class="brand" href="/" onClick={follow(router, "/")} aria-label="Deal Architect: all deals">
        <span class="mark" aria-hidden="true" />
        <span class="brand-name">Deal Architect</span>
      </a>
      <div class="top-main">{children}</div>
      {aside}
      {user.role !== "salesperson" && (
        <a class="desk-link" href="/desk" onClick={follow(router, "/desk")}>
          Desk
        </a>
      )}
      {user.role !== "salesperson" && (
        <a class="desk-link security-link" href="/security" onClick={follow(router, "/security")}>
          Security
        </a>
      )}
      <form class="who" method="post" action="/logout" onSubmit={forgetEdits}>
        <input type="hidden" name="csrf_token" value={csrfToken()} />
        <span class="who-name" title={user.store_id}>
          {user.name}
        </span>
        <button type="submit" class="link">
          Sign out
        </button>
      </form>
    </header>
  );
}
