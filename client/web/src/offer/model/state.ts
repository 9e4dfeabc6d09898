// The customer's page: what it knows, and what each happening does to that. Pure, values never mutated.
import type { Link } from "../../live/connection";
import type { Standing } from "../../live/standing";
import type { Acceptance, CellFigures, DealKind, ErrorBody, PresentationReply } from "../../wire";
import { type Choice, isSameFigures, NOTHING_CHOSEN, type Picture, type Place, pictureOf, placeOf } from "./choice";

/** Where a press on "I like this" stands. */
export type Liking =
  | { kind: "idle" }
  | { kind: "sending" }
  /** Recorded; the event that tells everybody is on its way. */
  | { kind: "sent"; id: string }
  /** The figures that were pressed on are not the current ones. */
  | { kind: "changed" }
  | { kind: "failed"; message: string };

/** Whether a press is on its way. */
export function isUnderWay({ kind }: Liking): boolean {
  return kind === "sending" || kind === "sent";
}

export interface OfferState {
  link: Link;
  /** How far the connection can be trusted. */
  standing: Standing;
  /** What the customer is shown; null before it is there. */
  reply: PresentationReply | null;
  /** When that came, by the clock of this device, in milliseconds. */
  heardAt: number;
  /** Whether the figures may have changed and newer ones are on their way. */
  outdated: boolean;
  /** Why nothing can be shown, or why it is not current. */
  refusal: ErrorBody | null;
  choice: Choice;
  acceptances: readonly Acceptance[];
  liking: Liking;
  /** Whether this person may say that they like an offer. */
  mayLike: boolean;
}

export const OPENING: OfferState = {
  link: { kind: "connecting", attempt: 0 },
  standing: "catching_up",
  reply: null,
  heardAt: 0,
  outdated: true,
  refusal: null,
  choice: NOTHING_CHOSEN,
  acceptances: [],
  liking: { kind: "idle" },
  mayLike: false,
};

export type Happening =
  | { type: "connection"; link: Link; standing: Standing }
  | { type: "welcomed"; mayLike: boolean }
  | { type: "joined"; acceptances: readonly Acceptance[] | null }
  | { type: "outdated" }
  | { type: "presented"; reply: PresentationReply; at: number; more: boolean }
  | { type: "refused"; error: ErrorBody | null }
  | { type: "accepted"; acceptance: Acceptance }
  | { type: "chose_car"; vehicleId: string }
  | { type: "chose_kind"; kind: DealKind }
  | { type: "chose_place"; kind: DealKind; place: Place }
  | { type: "liking" }
  | { type: "liked"; id: string }
  | { type: "not_liked"; error: ErrorBody | null };

/** Returns the state after something happened. */
export function after(state: OfferState, happening: Happening): OfferState {
  switch (happening.type) {
    case "connection":
      return connected(state, happening.link, happening.standing);
    case "welcomed":
      return { ...state, mayLike: happening.mayLike };
    case "joined":
      return settled({ ...state, refusal: null, acceptances: happening.acceptances ?? state.acceptances });
    case "outdated":
      return { ...state, outdated: true };
    case "presented":
      return presented(state, happening.reply, happening.at, happening.more);
    case "refused":
      return { ...state, refusal: happening.error };
    case "accepted":
      return settled({
        ...state,
        acceptances: [...without(state.acceptances, happening.acceptance), happening.acceptance],
      });
    case "chose_car":
      return chosen(state, { vehicleId: happening.vehicleId });
    case "chose_kind":
      return chosen(state, { kind: happening.kind });
    case "chose_place":
      return chosen(state, { places: { ...state.choice.places, [happening.kind]: happening.place } });
    case "liking":
      return { ...state, liking: { kind: "sending" } };
    case "liked":
      return settled({ ...state, liking: { kind: "sent", id: happening.id } });
    case "not_liked":
      return { ...state, ...refusedLike(happening.error) };
  }
}

/** A page whose connection was ended keeps nothing of the offer; a lost one leaves its questions unanswered. */
function connected(state: OfferState, link: Link, standing: Standing): OfferState {
  if (link.kind === "ended") return { ...OPENING, link, standing };
  return { ...state, link, standing, outdated: state.outdated || link.kind !== "open" };
}

/** What was chosen stays chosen as long as it is offered. `more`: yet newer figures are on their way. */
function presented(state: OfferState, reply: PresentationReply, at: number, more: boolean): OfferState {
  return { ...state, reply, heardAt: at, outdated: more, refusal: null };
}

function chosen(state: OfferState, choice: Partial<Choice>): OfferState {
  return { ...state, choice: { ...state.choice, ...choice }, liking: { kind: "idle" } };
}

/** What was sent is settled when it is among what was accepted. */
function settled(state: OfferState): OfferState {
  const { liking, acceptances } = state;
  const told = liking.kind === "sent" && acceptances.some(({ id }) => id === liking.id);
  return told ? { ...state, liking: { kind: "idle" } } : state;
}

function without(acceptances: readonly Acceptance[], { id }: Acceptance): Acceptance[] {
  return acceptances.filter((each) => each.id !== id);
}

function refusedLike(error: ErrorBody | null): Partial<OfferState> {
  if (error?.code === "conflict") return { liking: { kind: "changed" }, outdated: true };
  return { liking: { kind: "failed", message: error?.message ?? "That could not be sent. Try again." } };
}

/** What the page shows: a state of its own, or the offer in one of its states. */
export type Phase = "opening" | "unreachable" | "failed" | "ended" | "offline" | "updating" | "checking" | "live";

const AWAY: readonly Standing[] = ["offline", "silent", "stale"];

/** Returns the phase of the page. */
export function phaseOf({ standing, reply, outdated, refusal }: OfferState): Phase {
  if (standing === "ended") return "ended";
  const away = AWAY.includes(standing);
  if (!reply) {
    if (refusal && !refusal.retry) return "failed";
    return away ? "unreachable" : "opening";
  }
  if (away) return "offline";
  if (outdated || standing === "catching_up") return "updating";
  return standing === "checking" ? "checking" : "live";
}

/** Returns what was said of exactly these figures; null if nothing was. */
export function acceptanceOf(state: Pick<OfferState, "acceptances">, picture: Picture): Acceptance | null {
  const { car, way, cell } = picture;
  if (!way || !cell) return null;
  const same = (each: Acceptance) =>
    each.vehicle_id === car.vehicle_id &&
    each.kind === way.kind &&
    (each.term_months ?? null) === cell.term_months &&
    each.cash_down_cents === cell.cash_down_cents &&
    isSameFigures(each.figures, cell.figures);
  return state.acceptances.findLast(same) ?? null;
}

/** What a "like" says: the cell as it is on the screen. */
export interface Liked {
  vehicle_id: string;
  kind: DealKind;
  term_months: number | null;
  cash_down_cents: number;
  figures: CellFigures;
}

/** Returns what a press on "I like this" sends; null if it cannot be pressed now. */
export function likeOf(state: OfferState): Liked | null {
  const picture = state.reply && pictureOf(state.reply, state.choice);
  if (!picture?.way || !picture.cell || hindrance(state) !== null) return null;
  const { term, cash } = placeOf(picture.cell);
  return {
    vehicle_id: picture.car.vehicle_id,
    kind: picture.way.kind,
    term_months: term,
    cash_down_cents: cash,
    figures: picture.cell.figures,
  };
}

/** Returns why nobody can say now that they like the offer; null if they can, or have. */
export function hindrance(state: OfferState): string | null {
  if (!state.mayLike) return "";
  if (state.reply && !state.reply.can_accept) return "This deal is done.";
  switch (phaseOf(state)) {
    case "offline":
      return "No connection: wait a moment to say that you like it.";
    case "updating":
      return "New figures are on their way.";
    case "checking":
    case "live":
      return null;
    default:
      return "";
  }
}
