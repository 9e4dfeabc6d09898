// Which car, way to pay, term and cash down are in front of the customer. Pure.
import type { CellFigures, DealKind, PresentationReply, ShownCar, ShownCell, ShownWay } from "../../wire";

/** A term with an amount of cash down; a car paid in full has no term. */
export interface Place {
  term: number | null;
  cash: number;
}

/** What the person at this page chose; what they did not choose follows the deal. */
export interface Choice {
  vehicleId: string | null;
  kind: DealKind | null;
  /** By way to pay: each has terms of its own. */
  places: Partial<Record<DealKind, Place>>;
}

export const NOTHING_CHOSEN: Choice = { vehicleId: null, kind: null, places: {} };

/** The chosen car as it is paid. A car that cannot be had in any way shown has neither way nor cell. */
export interface Picture {
  car: ShownCar;
  way: ShownWay | null;
  cell: ShownCell | null;
}

/** Returns what is in front of the customer; null without a car. */
export function pictureOf(reply: PresentationReply, choice: Choice): Picture | null {
  const car = chosenCar(reply.cars, choice.vehicleId);
  return car && carPicture(reply, car, choice);
}

/**
 * Returns a car as it is paid by what was chosen, or as the deal's own car is: cars beside each other are compared at
 * the same term and cash down, unless one cannot be had there.
 */
export function carPicture(reply: PresentationReply, car: ShownCar, choice: Choice): Picture {
  const way = chosenWay(car.ways, choice.kind ?? wayOfDeal(reply)?.kind ?? null);
  if (!way) return { car, way, cell: null };
  const place = choice.places[way.kind] ?? placeOfDeal(reply, way.kind);
  return { car, way, cell: (place && cellAt(way, place)) ?? way.own };
}

function wayOfDeal(reply: PresentationReply): ShownWay | undefined {
  return reply.cars.flatMap((car) => car.ways).find((way) => way.is_deal);
}

function placeOfDeal(reply: PresentationReply, kind: DealKind): Place | null {
  const own = wayOfDeal(reply);
  return own?.kind === kind ? placeOf(own.own) : null;
}

function chosenCar(cars: readonly ShownCar[], vehicleId: string | null): ShownCar | null {
  const chosen = cars.find((car) => car.vehicle_id === vehicleId);
  return chosen ?? cars.find((car) => car.ways.some((way) => way.is_deal)) ?? cars[0] ?? null;
}

function chosenWay(ways: readonly ShownWay[], kind: DealKind | null): ShownWay | null {
  return ways.find((way) => way.kind === kind) ?? ways.find((way) => way.is_deal) ?? ways[0] ?? null;
}

/** Returns the cell of a term and an amount of cash down; null if it is not available. */
function cellAt(way: ShownWay, { term, cash }: Place): ShownCell | null {
  const cells = [way.own, ...way.cells.flat()];
  return cells.find((cell) => cell?.term_months === term && cell.cash_down_cents === cash) ?? null;
}

export function placeOf(cell: ShownCell): Place {
  return { term: cell.term_months, cash: cell.cash_down_cents };
}

export function isSamePlace(one: ShownCell, other: ShownCell): boolean {
  return one.term_months === other.term_months && one.cash_down_cents === other.cash_down_cents;
}

const FIGURES = [
  "total_cents",
  "payment_cents",
  "apr_percent",
  "amount_financed_cents",
  "finance_charge_cents",
  "due_at_signing_cents",
] as const satisfies readonly (keyof CellFigures)[];

export function isSameFigures(one: CellFigures, other: CellFigures): boolean {
  return FIGURES.every((name) => (one[name] ?? null) === (other[name] ?? null));
}
