import type { ReadonlySignal, Signal } from "@preact/signals";
import { type ComponentType, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { CounterAsked } from "../../deal/desk/desk";
import type { DealSession } from "../../deal/session";
import type { Announcer } from "../../live/announcer";
import type { Environment } from "../../live/environment";
import type { SignedIn } from "../../page";
import type { PaletteDoor } from "../../palette/door";
import type { Router } from "../../router";
import type { Formats } from "../../text/format";
import type { MonthlyCash, QuoteValue } from "../../wire";

/** What a deal's page has for managers only: dialogs, and the figures behind the NPV. */
export interface ManagersDealParts {
  CounterForm: ComponentType<{ session: DealSession; asked: Signal<CounterAsked | null> }>;
  LenderDialog: ComponentType<{ session: DealSession }>;
  AssignDialog: ComponentType<{ session: DealSession }>;
  ValueParts: ComponentType<{ value: QuoteValue; stale: boolean }>;
  MonthlyCash: ComponentType<{ cash: MonthlyCash; lentCents: number; stale: boolean }>;
}

export interface Surroundings {
  user: SignedIn;
  router: Router;
  formats: Formats;
  /** Sockets, timers and clocks: the browser's, or scripted ones in the gallery. */
  environment: Environment;
  /** Speaks for the page to a screen reader. */
  announcer: Announcer;
  /** The palette of the page; null where there is none, such as in the gallery. */
  palette?: PaletteDoor | null;
  /** What only managers have, as far as it is loaded; null for everybody else. */
  managers?: ReadonlySignal<{ deal?: ManagersDealParts }> | null;
}

/** What `App` provides to every part of the screen; there is none outside it. */
export const SurroundingsContext = createContext<Surroundings | null>(null);

/** Returns who is signed in, the router, the number formats and the environment. */
export function useSurroundings(): Surroundings {
  return useContext(SurroundingsContext)!;
}
