// All stories, in the order of the gallery.
import type { Story } from "../story";
import { FRAME } from "./frame";
import { GRID } from "./grid";
import { OFFER_PAGES } from "./offer";
import { DEAL_PAGES, OTHER_PAGES } from "./pages";
import { PANEL_STORIES } from "./panel";
import { SCENARIOS } from "./scenarios";
import { STANDINGS } from "./standing";
import { WALL } from "./wall";

export const STORIES: readonly Story[] = [
  ...DEAL_PAGES,
  ...FRAME,
  ...PANEL_STORIES,
  ...GRID,
  ...SCENARIOS,
  ...OTHER_PAGES,
  ...OFFER_PAGES,
  ...STANDINGS,
  ...WALL,
];
