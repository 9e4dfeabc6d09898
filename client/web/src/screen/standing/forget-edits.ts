import { keptNames } from "../../deal/terms/kept-edits";

/** Takes unsent edits away at a sign-out: the next person at this tab finds nothing. */
export function forgetEdits(): void {
  for (const name of keptNames(Object.keys(sessionStorage))) sessionStorage.removeItem(name);
}
