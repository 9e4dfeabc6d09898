// What the gallery shows: a part of the screen, or a whole page, in one state.
import type { ComponentChild } from "preact";

export interface Story {
  /** The room of the part, such as `deal` or `grid`. */
  part: string;
  /** The state in plain words; with the part it names the story. */
  state: string;
  /** A whole page stands alone in the window; a part stands among its siblings. */
  page?: boolean;
  /** Whose sheet it wears, if not the staff's. */
  sheet?: "offer";
  render(): ComponentChild;
  /** What a person does to bring the state about, once the story is drawn. */
  act?(root: HTMLElement): void | Promise<void>;
}

/** Returns the name of a story in an address: `deal-streaming`. */
export function nameOf({ part, state }: Pick<Story, "part" | "state">): string {
  return `${part}-${state}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
