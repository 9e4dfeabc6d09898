import { FULFILMENTS, STATES } from "../../deal/model/words";
import type { DealState, Fulfilment } from "../../wire";

/** Where a deal stands, in words; the colour only repeats them. */
export function StateChip({ state, fulfilment }: { state: DealState; fulfilment?: Fulfilment | null }) {
  const unwound = fulfilment === "unwound";
  const words = state === "signed" && fulfilment ? FULFILMENTS[fulfilment] : STATES[state];
  return <span class={`chip state-${unwound ? "lost" : state}`}>{words ?? state}</span>;
}
