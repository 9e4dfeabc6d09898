// All stories, in the order of the gallery.
import type { Story } from "../story";
import { DEAL_PAGES, OTHER_PAGES } from "./pages";
import { SCENARIOS } from "./scenarios";
import { STANDINGS } from "./standing";

export const STORIES: readonly Story[] = [...DEAL_PAGES, ...SCENARIOS, ...OTHER_PAGES, ...STANDINGS];
