import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

interface BlankProps {
  title: string;
  text: string;
  children?: ComponentChildren;
}

/** A page that says one thing, and what to do. */
export function Blank({ title, text, children }: BlankProps) {
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main class="present-blank">
      <h1>{title}</h1>
      <p role="status">{text}</p>
      {children}
    </main>
  );
}

/** The outline of an offer that is on its way. */
export function Opening({ unreachable = false, tools }: { unreachable?: boolean; tools?: ComponentChildren }) {
  return (
    <div class="present">
      <header class="present-head">
        <span class="skeleton store" />
        <p class="present-status" role="status">
          {unreachable ? "The server cannot be reached. Trying again…" : "Opening the offer…"}
        </p>
        {tools}
      </header>
      <main aria-busy="true">
        <h1 class="visually-hidden">Your offer</h1>
        <div class="cars" aria-hidden="true">
          <div class="car">
            <span class="skeleton name" />
            <span class="skeleton line" />
            <span class="skeleton figure-bar" />
            <span class="skeleton line" />
          </div>
        </div>
      </main>
    </div>
  );
}
