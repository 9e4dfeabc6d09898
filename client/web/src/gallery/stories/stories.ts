// All stories, in the order of the gallery.
import type { Story } from "../story";
import { GRID } from "./grid";
import { DEAL_PAGES, OTHER_PAGES } from "./pages";
import { STANDINGS } from "./standing";

export const STORIES: readonly Story[] = [...DEAL_PAGES, ...OTHER_PAGES, ...STANDINGS, ...GRID];
