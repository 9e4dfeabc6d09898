// Whole pages of the client in each of their states.

import type { Recording, Twist } from "../fake/recording";
import { appears, Page } from "../fake/stage";
import * as twists from "../fake/twists";
import { pathOf, recordings } from "../recorded/recordings";
import type { Story } from "../story";

const { sales, manager } = recordings;

function page(part: string, state: string, recording: Recording, path: string, rest: Rest = {}): Story {
  const { twist, act } = rest;
  const story: Story = {
    part,
    state,
    page: true,
    render: () => <Page recording={recording} path={path} {...(twist ? { twist } : {})} />,
  };
  return act ? { ...story, act } : story;
}

interface Rest {
  twist?: Twist;
  act?: (root: HTMLElement) => Promise<void>;
}

/** Chooses the best car. */
async function choose(root: HTMLElement): Promise<void> {
  (await appears<HTMLElement>(root, ".grid-row")).click();
  // Another tab may be open: the browser remembers each person's.
  (await appears<HTMLElement>(root, "[role=tab]", "Pencil")).click();
  await appears(root, ".payment-tabs");
}

async function live(root: HTMLElement): Promise<void> {
  await appears(root, ".standing.live");
}

async function listed(root: HTMLElement): Promise<void> {
  await appears(root, ".deal-table tbody a");
}

async function standing(root: HTMLElement, state: string): Promise<void> {
  await appears(root, `.standing.${state}`);
}

const DEAL = pathOf(sales, "working");

export const DEAL_PAGES: Story[] = [
  page("deal page", "working", sales, DEAL, { act: live }),
  page("deal page", "car chosen", sales, DEAL, { act: choose }),
  page("deal page", "show to customer", sales, DEAL, { act: show }),
  page("deal page", "streaming", sales, DEAL, { twist: twists.streaming, act: live }),
  page("deal page", "loading", sales, DEAL, { twist: twists.loading }),
  page("deal page", "empty", sales, DEAL, { twist: twists.empty, act: live }),
  page("deal page", "degraded", sales, DEAL, { twist: twists.degraded }),
  page("deal page", "offline", sales, DEAL, { twist: twists.offline, act: (root) => standing(root, "offline") }),
  page("deal page", "signed out", sales, DEAL, { twist: twists.signedOut, act: (root) => standing(root, "ended") }),
  page("deal page", "not found", sales, DEAL, { twist: twists.refused("not_found", "There is no such deal.") }),
  page("deal page", "submitted", sales, pathOf(sales, "submitted"), { act: live }),
  page("deal page", "countered", sales, pathOf(sales, "countered"), { act: live }),
  page("deal page", "approved", sales, pathOf(sales, "approved"), { act: live }),
  page("deal page", "manager, submitted", manager, pathOf(manager, "submitted"), { act: choose }),
];

/** Opens what the customer is shown. */
async function show(root: HTMLElement): Promise<void> {
  await live(root);
  (await appears<HTMLElement>(root, ".tools button", "Show to customer")).click();
  await appears(root, ".show-dialog[open]");
}

export const OTHER_PAGES: Story[] = [
  page("deals", "list", sales, "/", { act: listed }),
  page("deals", "loading", sales, "/", { twist: twists.loading }),
  page("deals", "offline", sales, "/", { twist: twists.offline, act: listed }),
  page("wall", "live", manager, "/desk", { act: live }),
  page("wall", "loading", manager, "/desk", { twist: twists.loading }),
  page("wall", "offline", manager, "/desk", { twist: twists.offline, act: (root) => standing(root, "offline") }),
  page("unknown page", "no such page", sales, "/nowhere"),
];
