import assert from "node:assert/strict";
import { test } from "node:test";
import { NOTHING_CHOSEN, pictureOf } from "../../src/offer/model/choice";
import { acceptanceOf, after, type Happening, hindrance, likeOf, OPENING, phaseOf } from "../../src/offer/model/state";
import type { ErrorBody } from "../../src/wire";
import { acceptance, figures, presentation } from "./shown";

const reply = presentation();
const OPEN = { type: "connection", link: { kind: "open" }, standing: "live" } as const;
const WAITING = { kind: "waiting", until: 0, attempt: 1, code: 1006, since: 0 } as const;
const LOST = { type: "connection", link: WAITING, standing: "offline" } as const;
const REPLACED = { ...LOST, standing: "catching_up" } as const;
const WELCOME = { type: "welcomed", mayLike: true } as const;
const SHOWN = { type: "presented", reply, at: 1, more: false } as const;

const following = (...happenings: Happening[]) => happenings.reduce(after, OPENING);
const live = (...more: Happening[]) => following(OPEN, WELCOME, SHOWN, ...more);
const refusal = (code: ErrorBody["code"], retry = false): ErrorBody => ({ code, message: "No.", retry, detail: {} });

test("the page opens, is live, and says when its figures are under way or out of reach", () => {
  assert.equal(phaseOf(OPENING), "opening");
  assert.equal(phaseOf(live()), "live");
  assert.equal(phaseOf(live({ type: "outdated" })), "updating");
  assert.equal(phaseOf(live(LOST)), "offline");
  assert.equal(phaseOf(live(LOST, OPEN)), "updating");
  assert.equal(phaseOf(live(LOST, OPEN, SHOWN)), "live");
  assert.equal(phaseOf(live({ ...SHOWN, more: true })), "updating");
});

test("a server out of reach is said, one that is being replaced is not", () => {
  assert.equal(phaseOf(following(LOST)), "unreachable");
  assert.equal(phaseOf(following(REPLACED)), "opening");
  assert.equal(phaseOf(live(REPLACED)), "updating");
  assert.equal(phaseOf(live({ ...LOST, standing: "silent" })), "offline");
  assert.equal(phaseOf(live({ ...OPEN, standing: "checking" })), "checking");
  assert.equal(hindrance(live({ ...OPEN, standing: "checking" })), null);
});

test("a refusal that may pass leaves the page opening, another one ends it", () => {
  assert.equal(phaseOf(following(OPEN, { type: "refused", error: refusal("busy", true) })), "opening");
  assert.equal(phaseOf(following(OPEN, { type: "refused", error: refusal("forbidden") })), "failed");
  assert.equal(phaseOf(live({ type: "refused", error: refusal("busy", true) })), "live");
});

test("a page whose connection was ended keeps nothing of the offer", () => {
  const link = { kind: "ended", code: 4001 } as const;
  const ended = live({ type: "accepted", acceptance: acceptance() }, { type: "connection", link, standing: "ended" });
  assert.deepEqual(ended, { ...OPENING, link, standing: "ended" });
  assert.equal(phaseOf(ended), "ended");
});

test("a like says the cell as it is on the screen, and only while it is current", () => {
  const own = pictureOf(reply, NOTHING_CHOSEN)!.cell!;
  const expected = {
    vehicle_id: "1",
    kind: "finance",
    term_months: 72,
    cash_down_cents: 1_000_00,
    figures: own.figures,
  };
  assert.deepEqual(likeOf(live()), expected);
  const other = live({ type: "chose_place", kind: "finance", place: { term: 60, cash: 1_500_00 } });
  assert.equal(likeOf(other)?.term_months, 60);
  assert.equal(likeOf(live({ type: "outdated" })), null);
  assert.equal(likeOf(live(LOST)), null);
  assert.equal(likeOf(live({ type: "welcomed", mayLike: false })), null);
  assert.equal(likeOf(live({ ...SHOWN, reply: presentation({ can_accept: false }) })), null);
});

test("why nothing can be liked is said in words", () => {
  assert.equal(hindrance(live()), null);
  assert.match(hindrance(live({ type: "outdated" })) ?? "", /New figures/);
  assert.match(hindrance(live(LOST)) ?? "", /No connection/);
  assert.match(hindrance(live({ ...SHOWN, reply: presentation({ can_accept: false }) })) ?? "", /done/);
});

test("a like is under way until everybody was told of it, whichever comes first", () => {
  const sent = live({ type: "liking" }, { type: "liked", id: "a" });
  assert.equal(sent.liking.kind, "sent");
  const told = after(sent, { type: "accepted", acceptance: acceptance() });
  assert.equal(told.liking.kind, "idle");
  const early = live({ type: "liking" }, { type: "accepted", acceptance: acceptance() }, { type: "liked", id: "a" });
  assert.equal(early.liking.kind, "idle");
  assert.equal(early.acceptances.length, 1);
});

test("figures that changed before the like arrived are asked for again", () => {
  const state = live({ type: "liking" }, { type: "not_liked", error: refusal("conflict") });
  assert.deepEqual([state.liking.kind, state.outdated], ["changed", true]);
  assert.equal(after(state, { type: "chose_car", vehicleId: "2" }).liking.kind, "idle");
  const failed = live({ type: "not_liked", error: refusal("rate_limited") });
  assert.deepEqual(failed.liking, { kind: "failed", message: "No." });
});

test("what was liked counts for exactly its figures", () => {
  const picture = pictureOf(reply, NOTHING_CHOSEN)!;
  const liked = (...acceptances: ReturnType<typeof acceptance>[]) => acceptanceOf({ acceptances }, picture)?.id;
  assert.equal(liked(acceptance(), acceptance({ id: "b" })), "b");
  assert.equal(liked(acceptance({ vehicle_id: "2" })), undefined);
  assert.equal(liked(acceptance({ term_months: 60 })), undefined);
  assert.equal(liked(acceptance({ kind: "lease" })), undefined);
  assert.equal(liked(acceptance({ figures: figures(299_00, 21_528_00) })), undefined);
});

test("a recovered join keeps what was liked, a new snapshot replaces it", () => {
  const before = live({ type: "accepted", acceptance: acceptance() });
  assert.equal(after(before, { type: "joined", acceptances: null }).acceptances.length, 1);
  assert.equal(after(before, { type: "joined", acceptances: [] }).acceptances.length, 0);
});
