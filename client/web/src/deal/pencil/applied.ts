// A change of the deal's terms that was made by one click in the panel, and its way back. Pure.
import type { StructureChanges } from "../../wire";

export interface Applied {
  /** What was done, in a few words. */
  text: string;
  after: Record<string, unknown>;
  before: Record<string, unknown>;
}

/** Returns a change with what the deal had before it. */
export function appliedTo(structure: Record<string, unknown>, changes: StructureChanges, text: string): Applied {
  const fields = Object.keys(changes);
  const before = Object.fromEntries(fields.map((field) => [field, structure[field] ?? null]));
  return { text, after: { ...changes }, before };
}

/** Whether a change can be undone: nobody has set any of its fields to something else since. */
export function isUndoable({ after, before }: Applied, structure: Record<string, unknown>): boolean {
  return Object.keys(after).every((field) => {
    const now = structure[field] ?? null;
    // Lines of products are completed by the server.
    return isRecords(now) || same(now, after[field] ?? null) || same(now, before[field]);
  });
}

function isRecords(value: unknown): boolean {
  return Array.isArray(value) && value.some((each) => typeof each === "object");
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
