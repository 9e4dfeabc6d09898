// The fold of events into a deal, by the cases that the server runs as well: tests/protocol/vectors/deal_fold.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { applied, type Deal } from "../../../src/deal/model/fold";
import type { AnyEvent } from "../../../src/wire";

type Fields = Record<string, unknown>;

interface Case {
  name: string;
  deal: string;
  with?: Fields;
  events: Fields[];
  changed?: Fields;
  absent?: string[];
  kept?: Record<string, [string, number]>;
}

const FOLDER = join(process.cwd(), "..", "..", "tests", "protocol", "vectors", "deal_fold");
const ENVELOPE = { channel: "deal:d", at: "2026-11-28T08:00:00Z" };
const read = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
const parts = read("parts.json") as Fields;

/** Returns a value with its parts in place and its long texts written out. */
function resolved(value: unknown): unknown {
  if (typeof value === "string" && value.startsWith("@")) return resolved(parts[value.slice(1)]);
  if (Array.isArray(value)) return value.map(resolved);
  if (!value || typeof value !== "object") return value;
  if ("times" in value && "of" in value) return String(value.of).repeat(Number(value.times));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each)]));
}

/** Returns an event, or a part of one, for the given turn of its repetition. */
function turn(value: unknown, number: number): unknown {
  if (typeof value === "string") return value.replaceAll("{n}", String(number));
  if (!value || typeof value !== "object" || Array.isArray(value)) return value;
  const fields = Object.entries(value);
  return Object.fromEntries(
    fields.map(([name, each]) => [name, name === "version" ? Number(each) + number : turn(each, number)]),
  );
}

function eventsOf({ events }: Case): AnyEvent[] {
  const told = (resolved(events) as Fields[]).flatMap((each) =>
    "repeat" in each
      ? Array.from({ length: Number(each.repeat) }, (_, number) => turn(each.event, number) as Fields)
      : [each],
  );
  return told.map((event, i) => ({ ...ENVELOPE, seq: i + 1, ...event }) as unknown as AnyEvent);
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".json") && name !== "parts.json")) {
  for (const each of read(file) as Case[]) {
    test(`${file}: ${each.name}`, () => {
      const events = eventsOf(each);
      const begun = { ...(resolved(each.deal) as Fields), ...(resolved(each.with ?? {}) as Fields) };
      const after = events.reduce(applied, begun as unknown as Deal);
      const seen = { ...after } as unknown as Fields;
      const expected = { ...begun, ...(resolved(each.changed ?? {}) as Fields) };
      for (const [name, kept] of Object.entries(each.kept ?? {})) {
        const list = seen[name] as { id: string }[];
        assert.deepEqual([list[0]?.id, list.length], kept);
        seen[name] = expected[name];
      }
      assert.deepEqual(seen, expected);
      for (const name of each.absent ?? []) assert.equal(name in after, false, name);
      assert.deepEqual(events.filter((event) => "version" in event).reduce(applied, after), after);
    });
  }
}
