import type { DealState } from "../wire";

const NAMES: Record<DealState, string> = {
  working: "Working", submitted: "Submitted", countered: "Countered", approved: "Approved", declined: "Declined",
  signed: "Signed", lost: "Lost",
};

/** Where a deal stands, in words; the colour only repeats them. */
export function StateChip({ state }: { state: DealState }) {
  return <span class={`chip state-${state}`}>{NAMES[state] ?? state}</span>;
}
