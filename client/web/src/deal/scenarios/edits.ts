// Edits of scenarios on their way: one command of a scenario at a time, the next with what was typed meanwhile. Based
// on the version that this person sees, so that the server names a field that somebody else changed. No I/O.
import type { DealKind, ErrorBody, Reply, Scenario, StructureChanges } from "../../wire";
import type { DeskCommand } from "../desk/desk";

export interface ScenarioPart {
  name?: string;
  vehicle_id?: string;
  changes?: StructureChanges;
}

export interface ScenarioPort {
  served(): readonly Scenario[];
  give(subject: string, command: DeskCommand, done: (data: Reply["data"]) => void): void;
  busy(subject: string): boolean;
}

interface Flight {
  /** The scenario's version after it, once the server answered. */
  answered: number | null;
}

/** The subject of a scenario's commands: what is busy, and what a refusal is about. */
export function subjectOf(id: string): string {
  return `scenario:${id}`;
}

export class ScenarioEdits {
  private readonly waiting = new Map<string, ScenarioPart>();
  private readonly flights = new Map<string, Flight>();

  constructor(private readonly port: ScenarioPort) {}

  /** Changes a scenario; an empty part prices it again. */
  put(id: string, part: ScenarioPart): void {
    const before = this.waiting.get(id);
    this.waiting.set(id, { ...before, ...part, changes: { ...before?.changes, ...part.changes } });
    this.depart(id);
  }

  /** Goes on with what waits, after the deal or an answer changed. */
  advance(): void {
    for (const [id, flight] of [...this.flights]) {
      const scenario = this.served(id);
      const seen = flight.answered !== null && (scenario === undefined || scenario.version >= flight.answered);
      const failed = flight.answered === null && !this.port.busy(subjectOf(id));
      if (!seen && !failed) continue;
      this.flights.delete(id);
      // What was typed after a refused edit is still wanted.
      this.depart(id);
    }
  }

  private served(id: string): Scenario | undefined {
    return this.port.served().find((each) => each.id === id);
  }

  private depart(id: string): void {
    const part = this.waiting.get(id);
    if (!part || this.flights.has(id)) return;
    this.waiting.delete(id);
    const scenario = this.served(id);
    if (!scenario) return;
    const flight: Flight = { answered: null };
    this.flights.set(id, flight);
    const command = { type: "scenario_change", scenario_id: id, version: scenario.version, ...part } as const;
    this.port.give(subjectOf(id), command, (data) => {
      flight.answered = Number(data?.scenario_version ?? 0);
      this.advance();
    });
  }
}

/** Returns the changes that fix the cash down. */
export function cashChanges(cents: number): StructureChanges {
  return { cash_down_cents: cents, cash_down_max_cents: cents };
}

/** Returns the changes that fix the term. */
export function termChanges(months: number): StructureChanges {
  return { term_months: null, terms_months: [months] };
}

export function kindChanges(kind: DealKind): StructureChanges {
  return { kind };
}

/** The field of a scenario that a conflict is about; null for any other refusal. */
export function conflictOf(error: ErrorBody): { field: string; value: unknown; by: string } | null {
  const { field, value, by } = error.detail as { field?: unknown; value?: unknown; by?: { name?: string } };
  if (error.code !== "conflict" || typeof field !== "string" || field === "version" || !by?.name) return null;
  return { field, value, by: by.name };
}
