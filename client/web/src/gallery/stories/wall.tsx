// The desk's wall: its rows, the open one, and each answer that is being given.
import type { SnapshotRows } from "../../wire";
import type { Twist } from "../fake/recording";
import { appears, Page } from "../fake/stage";
import { pathOf, recordings } from "../recorded/recordings";
import type { Story } from "../story";

const { manager } = recordings;
const SUBMITTED = pathOf(manager, "submitted").split("/").at(-1);

/** Gives each deal its stock number and cash, and some of them tasks and stipulations. */
const papers: Twist = {
  loaded: (channel) => (channel.join.snapshot?.desk ? { ...channel, rows: channel.rows.map(withPapers) } : channel),
};

function withPapers(part: SnapshotRows): SnapshotRows {
  const states = part.columns.state as string[];
  const each = <T,>(value: (state: string, row: number) => T) => states.map(value);
  const columns = {
    stock_no: each((_, row) => `U${String(row + 99).padStart(7, "0")}`),
    cash_down_cents: each((_, row) => 200_000 + 50_000 * (row % 6)),
    tasks: each((state, row) =>
      state === "declined" ? [{ id: `task-${row}`, kind: "adverse_action_notice", due_on: "2026-12-30" }] : [],
    ),
    stipulations: each((state) => (state === "approved" ? ["Proof of income", "Insurance"] : [])),
    stipulations_total: each((state) => (state === "approved" || state === "submitted" ? 2 : 0)),
  };
  return { ...part, columns: { ...columns, ...part.columns } };
}

/** Nobody waits. */
const clear: Twist = {
  loaded: (channel) => (channel.join.snapshot?.desk ? { ...channel, rows: channel.rows.map(withoutQueue) } : channel),
};

function withoutQueue(part: SnapshotRows): SnapshotRows {
  const state = (part.columns.state as string[]).map((each) => (each === "submitted" ? "working" : each));
  return { ...part, columns: { ...part.columns, state } };
}

function wall(state: string, act: (root: HTMLElement) => Promise<void>, twist: Twist = papers): Story {
  return {
    part: "wall",
    state,
    page: true,
    render: () => <Page recording={manager} path="/desk" twist={twist} />,
    act,
  };
}

/** Presses a key on the open row, or on the deal that the recording has loaded. */
async function press(root: HTMLElement, ...keys: string[]): Promise<void> {
  const row = await appears<HTMLElement>(root, `[data-deal="${SUBMITTED}"] .row-opener`);
  row.focus();
  for (const key of keys) row.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

const opened = (state: string, key: string, sign: string, twist?: Twist): Story =>
  wall(
    state,
    async (root) => {
      await press(root, key);
      await appears(root, sign);
    },
    twist,
  );

export const WALL: Story[] = [
  wall("queue clear", async (root) => void (await appears(root, ".place", "Queue clear.")), clear),
  wall("all unfolded", async (root) => {
    await appears(root, ".wall-row[data-deal]");
    for (const fold of root.querySelectorAll<HTMLElement>("button.section-title[aria-expanded=false]")) fold.click();
  }),
  opened("a deal open", "o", ".open-grid .pencil"),
  opened("approving", "a", ".approving"),
  opened("countering", "c", ".countering"),
  opened("declining", "d", ".declining"),
  opened("locking", "l", ".locking"),
  opened("assigning", "s", ".assigning option:nth-child(3)"),
  wall("alerts", async (root) => {
    (await appears<HTMLElement>(root, ".alert-menu summary")).click();
  }),
];
