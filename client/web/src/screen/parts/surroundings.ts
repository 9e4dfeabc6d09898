import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Environment } from "../../live/environment";
import type { SignedIn } from "../../page";
import type { PaletteDoor } from "../../palette/door";
import type { Router } from "../../router";
import type { Formats } from "../../text/format";

export interface Surroundings {
  user: SignedIn;
  router: Router;
  formats: Formats;
  /** Sockets, timers and clocks: the browser's, or scripted ones in the gallery. */
  environment: Environment;
  /** The palette of the page; null where there is none, such as in the gallery. */
  palette?: PaletteDoor | null;
}

/** What `App` provides to every part of the screen; there is none outside it. */
export const SurroundingsContext = createContext<Surroundings | null>(null);

/** Returns who is signed in, the router, the number formats and the environment. */
export function useSurroundings(): Surroundings {
  return useContext(SurroundingsContext)!;
}
