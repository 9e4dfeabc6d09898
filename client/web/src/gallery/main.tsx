// The gallery: every part of the screen in every state, in demo mode at /gallery. `?story=NAME` shows one alone.
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { recordings } from "./recorded/recordings";
import { STORIES } from "./stories/stories";
import { nameOf, type Story } from "./story";
import "./gallery.css";

function Index() {
  const parts = [...new Set(STORIES.map((story) => story.part))];
  return (
    <main class="gallery">
      <h1>Parts and states</h1>
      <p class="quiet">From recorded conversations with a real server. Nothing here is saved.</p>
      {parts.map((part) => (
        <section key={part} aria-label={part}>
          <h2>{part}</h2>
          <ul>
            {STORIES.filter((story) => story.part === part).map((story) => (
              <li key={story.state}>
                <a href={`?story=${nameOf(story)}`}>{story.state}</a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </main>
  );
}

function Alone({ story }: { story: Story }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${story.part}: ${story.state} · Gallery`;
    void act(story, root.current!).finally(() => {
      document.documentElement.dataset.story = "ready";
    });
  }, [story]);
  if (story.page) {
    return (
      <div ref={root as { current: HTMLDivElement | null }} class="gallery-page">
        {story.render()}
      </div>
    );
  }
  return (
    <main ref={root} class="gallery-part">
      <h1 class="visually-hidden">
        {story.part}: {story.state}
      </h1>
      {story.render()}
    </main>
  );
}

async function act(story: Story, root: HTMLElement): Promise<void> {
  await story.act?.(root);
}

/** Shows the recording's time on the page's clocks, so that waits are as long as they were. */
function turnBack(at: string): void {
  const behind = Date.now() - Date.parse(at);
  const now = Date.now.bind(Date);
  Date.now = () => now() - behind;
}

/** Takes another page's sheet instead of the staff's: some classes have the same name in both. */
async function wear(sheet: string): Promise<void> {
  const link = document.querySelector<HTMLLinkElement>('link[href="/assets/app.css"]');
  if (!link) throw new Error("The page has no sheet.");
  const worn = new Promise((done) => link.addEventListener("load", done, { once: true }));
  link.href = `/assets/${sheet}.css`;
  await worn;
}

const place = document.getElementById("app");
if (!place) throw new Error("The page has no #app.");
const asked = new URLSearchParams(location.search).get("story");
const story = STORIES.find((each) => nameOf(each) === asked);
if (story) turnBack(recordings.sales.at);
if (story?.sheet) await wear(story.sheet);
render(story ? <Alone story={story} /> : <Index />, place);
