import { keptNames } from "../../deal/terms/kept-edits";

/** Who signs out takes unsent edits with them: the next person at this tab finds nothing. */
export function forgetEdits(): void {
  for (const name of keptNames(Object.keys(sessionStorage))) sessionStorage.removeItem(name);
}
