// What the cells of the table of scenarios share.
import type { Signal } from "@preact/signals";
import type { Column, Line } from "../../deal/scenarios/columns";
import type { ScenarioEdits } from "../../deal/scenarios/edits";
import type { DealSession } from "../../deal/session";

export interface Board {
  session: DealSession;
  edits: ScenarioEdits;
  /** The scenario whose name is to be typed next: the one that this person just added. */
  naming: Signal<string | null>;
  add(source: string | null): void;
  /** A scenario is gone, and with it the focus of whoever removed it. */
  removed(): void;
}

export interface Cell {
  board: Board;
  column: Column;
  deal: Column;
  /** Where the column differs from the deal's. */
  differs: ReadonlySet<Line>;
  /** An edit of the scenario is on its way: its figures are those of before. */
  busy: boolean;
  /** Whether this person may change the scenario now. */
  editable: boolean;
  fault(message: string | null): void;
}

/** A value that fades in when it changes, and is lit where it differs from the deal's: another weight is another text. */
export function Lit({ differs, children }: { differs: boolean; children: string }) {
  return (
    <span key={`${children} ${differs}`} class={`lit ${differs ? "differs" : ""}`}>
      {children}
      {differs && <span class="visually-hidden"> (differs from the deal)</span>}
    </span>
  );
}
