// The cars that the deal keeps on top for everybody: its own, then the pinned ones. Pure.
import type { DealOffer } from "../../../wire";
import type { Deal } from "../../model/fold";

export interface Kept {
  offer: DealOffer;
  /** It is the deal's car. */
  selected: boolean;
  pinned: boolean;
}

export function keptCars({ selected, pins }: Pick<Deal, "selected" | "pins">): Kept[] {
  const others = pins.filter((offer) => offer.vehicle_id !== selected?.vehicle_id);
  const own = selected && {
    offer: selected,
    selected: true,
    pinned: pins.some((offer) => offer.vehicle_id === selected.vehicle_id),
  };
  return [...(own ? [own] : []), ...others.map((offer) => ({ offer, selected: false, pinned: true }))];
}
