// The keys of the wall for its help: only managers load them.
import type { Shortcut } from "../parts/shortcuts";

export const WALL_SHORTCUTS: readonly Shortcut[] = [
  { place: "wall", keys: "J K", does: "Next and previous deal" },
  { place: "wall", keys: "Enter, O", does: "Open the deal in its row, and close it" },
  { place: "wall", keys: "A", does: "Approve: of the open deal, the one in focus, or the oldest. Enter confirms" },
  { place: "wall", keys: "C, D", does: "Counter, decline" },
  { place: "wall", keys: "L", does: "Lock cash, or another field" },
  { place: "wall", keys: "S", does: "Assign to another salesperson" },
];

export const WALL_HINT =
  "A, C, D, L and S are for the deal that is open, else for the one with the focus, else for the oldest that waits.";
