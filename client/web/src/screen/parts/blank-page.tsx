import type { ComponentChildren } from "preact";
import { follow } from "../../router";
import { useSurroundings } from "./surroundings";
import { TopBar } from "./top-bar";

/** A page that has nothing to show: why not, and where to go. */
export function BlankPage({ title, text, children }: { title: string; text: string; children?: ComponentChildren }) {
  const { router } = useSurroundings();
  return (
    <div class="page">
      <TopBar />
      <main class="blank">
        <h1>{title}</h1>
        <p class="quiet">{text}</p>
        {children ?? (
          <a class="button primary" href="/" onClick={follow(router, "/")}>
            All deals
          </a>
        )}
      </main>
    </div>
  );
}
