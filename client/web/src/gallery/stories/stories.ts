// All stories, in the order of the gallery.
import type { Story } from "../story";
import { DEAL_PAGES, OTHER_PAGES } from "./pages";
import { PANEL_STORIES } from "./panel";

export const STORIES: readonly Story[] = [...DEAL_PAGES, ...OTHER_PAGES, ...PANEL_STORIES];
