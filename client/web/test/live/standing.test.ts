import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link } from "../../src/live/connection";
import { type Facts, hindrance, spoken, standingOf, standingText } from "../../src/live/standing";
import { Truth } from "../../src/live/truth";
import type { Welcome } from "../../src/wire";

const OPEN: Facts = { link: { kind: "open" }, beat: "fresh", current: true, held: false, replaced: false };
const waiting = (attempt: number, code = 1006, since = 0): Link => ({
  kind: "waiting",
  until: 0,
  attempt,
  code,
  since,
});

test("live is what is connected, heard and current", () => {
  assert.equal(standingOf(OPEN), "live");
  assert.equal(standingOf({ ...OPEN, current: false }), "catching_up");
  assert.equal(standingOf({ ...OPEN, held: true }), "catching_up");
  assert.equal(standingOf({ ...OPEN, beat: "checking" }), "checking");
});

test("a silent server stays silent while the page looks for another", () => {
  assert.equal(standingOf({ ...OPEN, beat: "silent", link: waiting(1) }), "silent");
  assert.equal(standingOf({ ...OPEN, beat: "silent", link: { kind: "connecting", attempt: 3 } }), "silent");
  assert.equal(standingOf({ ...OPEN, beat: "silent", link: { kind: "ended", code: 4001 } }), "ended");
});

test("the words say for how long, and since when", () => {
  assert.equal(standingText("silent", 8, null), "No answer for 8 s");
  assert.equal(standingText("silent", 31, null), "No answer for 31 s");
  assert.equal(standingText("stale", 9, "10:42"), "Not current: last update 10:42");
});

test("what decides on the page waits while the page may be old, and says why", () => {
  assert.equal(hindrance("live"), null);
  assert.equal(hindrance("catching_up"), null);
  assert.equal(hindrance("checking"), null);
  for (const standing of ["silent", "stale", "offline", "ended"] as const) assert.ok(hindrance(standing));
});

test("only what matters is said aloud", () => {
  assert.equal(spoken("live", "checking"), "");
  assert.equal(spoken("catching_up", "live"), "");
  assert.equal(spoken("silent", "live"), "The page is live again.");
  assert.equal(spoken("offline", "catching_up"), "");
  assert.match(spoken("live", "silent"), /No answer/);
});

test("a server that is replaced raises no alarm for 2 s", () => {
  const truth = new Truth("a");
  const news = { beat: "fresh", quietMs: 0, heardAt: 0 } as const;
  truth.changed({ kind: "open" });
  truth.current.value = true;
  truth.changed(waiting(1, 1012, 1_000));
  assert.equal(truth.standing.value, "catching_up");
  assert.equal(truth.whyNot.value, null);
  truth.pulsed({ ...news, now: 2_999 });
  assert.equal(truth.standing.value, "catching_up");
  truth.pulsed({ ...news, now: 3_000 });
  assert.equal(truth.standing.value, "offline");
  truth.changed({ kind: "open" });
  truth.changed(waiting(1));
  assert.equal(truth.standing.value, "offline", "a lost network is said at once");
});

test("a newer page is known by the server's welcome, and never guessed", () => {
  const welcomed = (build: string, served: string | undefined) => {
    const truth = new Truth(build);
    truth.welcomed({ page_build: served } as Welcome);
    return truth.newer.value;
  };
  assert.equal(welcomed("a", "a"), false);
  assert.equal(welcomed("a", "b"), true);
  assert.equal(welcomed("", "b"), false);
  assert.equal(welcomed("a", ""), false);
  assert.equal(welcomed("a", undefined), false);
});
