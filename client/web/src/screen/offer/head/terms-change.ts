// Changes of the deal's terms from the panel, each with its way back.
import { appliedTo } from "../../../deal/pencil/applied";
import { dealChanges, type Pick } from "../../../deal/pencil/pencil";
import type { DealSession } from "../../../deal/session";
import type { Formats } from "../../../text/format";
import type { StructureChanges } from "../../../wire";

/** Changes the deal's terms for everyone; the panel offers to undo it. */
export function changeTerms(session: DealSession, changes: StructureChanges, text: string): void {
  const structure = session.model.value?.deal.structure ?? {};
  session.pencil.applied.value = appliedTo(structure, changes, text);
  session.terms.editAll(changes);
}

/** Makes a picked structure the deal's terms. */
export function applyPick(session: DealSession, pick: Pick, formats: Formats): void {
  const { term_months: term, cash_down_cents: cash } = pick.changes;
  const said = [
    term == null ? null : `${formats.count(term)} mo`,
    cash === undefined ? null : `${formats.dollars(cash)} down`,
  ];
  changeTerms(session, dealChanges(pick), said.filter((part) => part !== null).join(", "));
  session.pencil.pick(null);
}

/** Gives the deal back the terms that it had. */
export function undoChange(session: DealSession): void {
  const { applied } = session.pencil;
  if (applied.value) session.terms.editAll(applied.value.before);
  applied.value = null;
}
