// The recordings of the demo's people. The files are written by `python -m tests.screens --record`.
import type { DealState } from "../../wire";
import type { Recording } from "../fake/recording";
import manager from "./manager.json";
import sales from "./sales.json";

export const recordings = {
  sales: sales as unknown as Recording,
  manager: manager as unknown as Recording,
};

/** Returns the path of the recorded deal in a state; without one, of the recording's first page. */
export function pathOf(recording: Recording, state: DealState): string {
  const found = Object.entries(recording.channels).find(([, { join }]) => join.snapshot?.deal?.state === state);
  return found ? `/deals/${found[0].slice("deal:".length)}` : recording.path;
}
