// The match grid with its filters, pins and comparison, in each of their states.
import { StockSection } from "../../screen/stock/stock-section";
import type { Recording, Twist } from "../fake/recording";
import { appears, Part } from "../fake/stage";
import * as twists from "../fake/twists";
import { recordings } from "../recorded/recordings";
import type { Story } from "../story";

const { sales, manager } = recordings;
const FRAME = { display: "grid", gridTemplate: "44rem / 60rem" };

function grid(state: string, act?: Story["act"], twist?: Twist, recording: Recording = manager): Story {
  const story: Story = {
    part: "grid",
    state,
    render: () => (
      <div style={FRAME}>
        <h1 class="visually-hidden">Cars that fit</h1>
        <Part recording={recording} view={recording === sales ? "sales" : "manager"} {...(twist ? { twist } : {})}>
          {(session) => <StockSection session={session} />}
        </Part>
      </div>
    ),
  };
  return act ? { ...story, act } : story;
}

const rows = (root: HTMLElement) => appears<HTMLElement>(root, ".grid-row.is-offer");

/** Opens a menu, and its first folded part if it has any. */
async function menu(root: HTMLElement, label: string): Promise<void> {
  await rows(root);
  (await appears<HTMLElement>(root, ".filters summary", label)).click();
  await appears(root, "details[open] .menu-body > *");
}

async function choose(root: HTMLElement, label: string, ...lines: number[]): Promise<void> {
  await menu(root, label);
  for (const line of lines) root.querySelectorAll<HTMLElement>("details[open] .facet-lines input")[line]?.click();
}

const FOR_STAYS = ["Cash down", "Term", "Lender", "Miles"];
const OF_STAYS = ["Age bucket", "Days' supply", "Floorplan to date"];

/** Shows some columns in the place of usual ones, as this person keeps them, and closes the menu. */
async function showStays(root: HTMLElement): Promise<void> {
  await menu(root, "Columns");
  for (const column of [...FOR_STAYS, ...OF_STAYS]) {
    const box = (await appears<HTMLElement>(root, ".column-list label", column)).querySelector("input");
    if (box?.checked !== OF_STAYS.includes(column)) box?.click();
  }
  root.querySelector<HTMLElement>("details[open] > summary")?.click();
  await appears(root, "[role=columnheader]", "Floorplan");
}

async function compare(root: HTMLElement, cars: number): Promise<void> {
  await rows(root);
  const offers = [...root.querySelectorAll<HTMLElement>(".grid-row.is-offer .tool.compare")];
  for (const tool of offers.slice(0, cars)) tool.click();
  await appears(root, cars > 1 ? "dialog[open] tbody tr" : ".is-marked");
}

export const GRID: readonly Story[] = [
  grid("valued", (root) => rows(root).then(() => {})),
  grid("valued, for a salesperson", (root) => rows(root).then(() => {}), undefined, sales),
  grid("streaming", async (root) => void (await appears(root, ".foot-actions button", "Stop")), twists.streaming),
  grid(
    "could not be valued",
    async (root) => void (await appears(root, ".foot-actions button", "Retry")),
    twists.unvalued,
  ),
  grid("claims on cars", async (root) => void (await appears(root, ".claim.ours")), twists.claimed),
  grid("no car qualifies", async (root) => void (await appears(root, ".empty")), twists.empty),
  grid("narrowed for everyone", async (root) => void (await appears(root, ".filter-chip.shared")), twists.filtered),
  grid("values with counts", (root) => menu(root, "Make")),
  grid("limits with counts", (root) => choose(root, "Miles", 4)),
  grid("two makes chosen", (root) => choose(root, "Make", 0, 2)),
  grid("more filters", async (root) => {
    await menu(root, "More");
    (await appears<HTMLElement>(root, ".facet-fold")).click();
  }),
  grid("sorting", (root) => menu(root, "Sort")),
  grid("choosing columns", (root) => menu(root, "Columns")),
  grid("age, supply and floorplan", showStays, twists.stays, { ...manager, user: { ...manager.user, id: "stays" } }),
  grid("one car marked to compare", (root) => compare(root, 1)),
  grid("two cars compared", (root) => compare(root, 2)),
  grid("three cars compared", (root) => compare(root, 3)),
];
