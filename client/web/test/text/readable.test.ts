import assert from "node:assert/strict";
import { test } from "node:test";
import { type Claim, holderText, isHeld, mayEnd, OTHER } from "../../src/deal/stock/claims";
import { briefLender, isolated, parseReadable } from "../../src/text/readable";

const CONTROLS = [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];

test("what was stored with controls of direction is read without them", () => {
  for (const code of CONTROLS) {
    const text = `was ${String.fromCharCode(code)}000,51`;
    assert.deepEqual(parseReadable(JSON.stringify({ text, by: { name: text } })), {
      text: "was 000,51",
      by: { name: "was 000,51" },
    });
  }
  const whole = { text: "“fine” – עברית, 中文\n\tمی\u200cخواهم 👩\u200d🔧", n: [1.5, null, true] };
  assert.deepEqual(parseReadable(JSON.stringify(whole)), whole);
});

test("a name that runs backwards keeps what follows it in its place", () => {
  assert.equal(isolated("Ann Lee"), "Ann Lee");
  assert.equal(isolated("דנה 3"), "\u2068דנה 3\u2069");
});

test("a narrow place names a lender without the remark at the end of its name", () => {
  assert.equal(briefLender("Group Acceptance (sample)"), "Group Acceptance");
  assert.equal(briefLender("First (Ohio) Bank"), "First (Ohio) Bank");
});

test("a car is held until a time, or for as long as an approval stands", () => {
  const claim = (heldBy: string | null, until: string | null): Claim => ({ heldBy, until, here: false, wanted: [] });
  const now = Date.parse("2026-03-02T10:00:00Z");
  const clock = (instant: string) => instant.slice(11, 16);
  assert.equal(isHeld(null, now), false);
  assert.equal(isHeld(claim(null, null), now), false);
  assert.equal(isHeld(claim("Ann", "2026-03-02T10:30:00Z"), now), true);
  assert.equal(isHeld(claim("Ann", "2026-03-02T09:30:00Z"), now), false);
  assert.equal(isHeld(claim("Ann", null), now), true);
  assert.equal(holderText("Ann", "2026-03-02T10:30:00Z", clock), "Held by Ann until 10:30");
  assert.equal(holderText(OTHER, "2026-03-02T10:30:00Z", clock), "Held by another store until 10:30");
  assert.equal(holderText("Ann", null, clock), "Approved for another deal by Ann");
  assert.equal(holderText(OTHER, null, clock), "Approved for another store's deal");
});

test("a manager ends the holds of the own store's deals and of its cars", () => {
  const held = (heldBy: string): Claim => ({ heldBy, until: null, here: false, wanted: [] });
  assert.equal(mayEnd(held("Ann"), "northgate", "riverside"), true);
  assert.equal(mayEnd(held(OTHER), "riverside", "riverside"), true);
  assert.equal(mayEnd(held(OTHER), "northgate", "riverside"), false);
  assert.equal(mayEnd(held(OTHER), undefined, undefined), false);
});
