// Deals of a wall, for its tests.
import { type Rows, type Summary, takenAll } from "../../src/wall/fold";

export const deal = (id: string, more: Partial<Summary> = {}): Summary => ({
  deal_id: id,
  deal_version: 1,
  removed: false,
  state: "working",
  ...more,
});

export const waits = (id: string, at: string, more: Partial<Summary> = {}): Summary =>
  deal(id, { state: "submitted", waiting_since: `2026-01-01T${at}:00Z`, ...more });

export const wall = (...deals: Summary[]): Rows => takenAll(new Map(), deals);
