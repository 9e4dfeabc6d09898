// All stories, in the order of the gallery.
import type { Story } from "../story";
import { FRAME } from "./frame";
import { GRID } from "./grid";
import { DEAL_PAGES, OTHER_PAGES } from "./pages";
import { PANEL_STORIES } from "./panel";
import { STANDINGS } from "./standing";

export const STORIES: readonly Story[] = [
  ...DEAL_PAGES,
  ...FRAME,
  ...PANEL_STORIES,
  ...GRID,
  ...OTHER_PAGES,
  ...STANDINGS,
];
