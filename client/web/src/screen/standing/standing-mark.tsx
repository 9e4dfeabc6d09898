import { standingText } from "../../live/standing";
import type { Truth } from "../../live/truth";
import { useSurroundings } from "../parts/surroundings";

/** Whether the page is live, in a slot of fixed size. What changes is said aloud by the banners. */
export function StandingMark({ session }: { session: { readonly truth: Truth } }) {
  const { formats } = useSurroundings();
  const { truth } = session;
  const standing = truth.standing.value;
  const heard = truth.heardAt.value;
  const last = heard === null ? null : formats.clock(new Date(heard).toISOString());
  return (
    <span class={`standing ${standing}`}>
      <span class="dot" aria-hidden="true" />
      {standingText(standing, truth.quietSeconds.value, last)}
    </span>
  );
}
