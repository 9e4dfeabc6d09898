import { isEditable } from "../../deal/desk/steps";
import { reasonText } from "../../deal/model/words";
import { MOST_SCENARIOS } from "../../deal/scenarios/columns";
import { conflictOf, subjectOf } from "../../deal/scenarios/edits";
import { fieldLabel } from "../../deal/terms/fields";
import { limitText } from "../../deal/terms/limits";
import { describeValue } from "../../deal/terms/values";
import type { Formats } from "../../text/format";
import { sentence } from "../../text/readable";
import type { ErrorBody } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import type { Cell } from "./cell";

const NAMES: Record<string, string> = { name: "the name", vehicle_id: "the car" };

/** What there is to know of a column, in words: what is wrong, outdated, or above the customer's target. */
export function ScenarioRemark({ cell, problem }: { cell: Cell; problem: string | null }) {
  const { formats } = useSurroundings();
  const { column, board } = cell;
  const { scenario, outdated, overCents } = column;
  const subject = subjectOf(scenario?.id ?? "");
  const trouble = board.session.desk.troubles.value.get(subject);
  if (problem !== null) return <Remark tone="trouble">{problem}</Remark>;
  if (trouble) {
    return (
      <Remark tone="trouble">
        {refusalWords(trouble, formats)}{" "}
        <button type="button" class="link" onClick={() => board.session.desk.dismiss(subject)}>
          OK
        </button>
      </Remark>
    );
  }
  if (outdated && scenario) {
    return (
      <Remark tone="warn">
        Outdated: {lower(reasonText(outdated))}.{" "}
        {cell.editable && (
          <button type="button" class="link" disabled={cell.busy} onClick={() => board.edits.put(scenario.id, {})}>
            Price again
          </button>
        )}
      </Remark>
    );
  }
  if (outdated) return <Remark tone="warn">Outdated: the terms have changed since this price.</Remark>;
  if (scenario?.refusal) {
    const { message, binding } = scenario.refusal;
    return <Remark tone="warn">{binding ? `${sentence(limitText(binding))}.` : message}</Remark>;
  }
  if (overCents > 0) return <Remark tone="warn">{formats.cents(overCents)} over the target payment.</Remark>;
  return <span class="quiet">–</span>;
}

function Remark({ tone, children }: { tone: "trouble" | "warn"; children: preact.ComponentChildren }) {
  return (
    <span key={String(children)} class={`scenario-remark ${tone}`} role={tone === "trouble" ? "alert" : undefined}>
      {children}
    </span>
  );
}

function refusalWords(error: ErrorBody, formats: Formats): string {
  const conflict = conflictOf(error);
  if (!conflict || conflict.value === undefined) return error.message;
  const { field, by, value } = conflict;
  // A name that is taken is no edit of this scenario.
  if (error.detail.version === undefined) return error.message;
  const what = NAMES[field] ?? fieldLabel(field).toLowerCase();
  return `${by} changed ${what} meanwhile, to ${field === "vehicle_id" ? "another car" : describeValue(field, value, formats)}. That counts.`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Puts a scenario on the deal, duplicates it, takes it away. */
export function ScenarioActions({ cell }: { cell: Cell }) {
  const { column, board, busy, editable } = cell;
  const { scenario, name } = column;
  const { session } = board;
  const deal = session.model.value?.deal;
  if (!scenario || !deal) return null;
  const subject = subjectOf(scenario.id);
  const full = (deal.scenarios?.length ?? 0) >= MOST_SCENARIOS;
  const use = () =>
    session.desk.give(subject, { type: "scenario_use", scenario_id: scenario.id, version: scenario.version });
  return (
    <span class="scenario-actions" key={String(scenario.of_the_deal)}>
      {scenario.of_the_deal ? (
        <b class="on-the-deal">✓ On the deal</b>
      ) : (
        <button type="button" class="button small" disabled={!editable || busy || !isUsable(cell)} onClick={use}>
          Make it the deal
          <span class="visually-hidden"> ({name})</span>
        </button>
      )}
      {editable && (
        <button type="button" class="link" disabled={full} onClick={() => board.add(scenario.id)}>
          Duplicate
          <span class="visually-hidden"> ({name})</span>
        </button>
      )}
    </span>
  );
}

/** Takes a scenario away; the deal stays as it is. */
export function RemoveButton({ cell }: { cell: Cell }) {
  const { column, board, busy, editable } = cell;
  const { scenario, name } = column;
  const { session } = board;
  if (!scenario || !editable) return null;
  const remove = () => {
    const subject = subjectOf(scenario.id);
    session.desk.give(subject, { type: "scenario_remove", scenario_id: scenario.id }, () => board.removed());
  };
  return (
    <button type="button" class="button small icon" aria-label={`Remove ${name}`} disabled={busy} onClick={remove}>
      ×
    </button>
  );
}

/** Whether a scenario can be put on the deal, as far as the screen knows: its notes, or the bar, say why not. */
function isUsable({ column, board }: Cell): boolean {
  const deal = board.session.model.value?.deal;
  if (!deal || !column.scenario || !isEditable(deal) || column.outdated) return false;
  return column.scenario.vehicle_id === null || column.scenario.refusal === null;
}
