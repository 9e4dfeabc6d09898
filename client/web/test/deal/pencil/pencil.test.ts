import assert from "node:assert/strict";
import { test } from "node:test";
import { dealChanges, Pencil, type PencilPort, type QuoteQuestion } from "../../../src/deal/pencil/pencil";
import type { Reply } from "../../../src/wire";

/** A port whose questions wait for the test to answer them, and whose clock runs when told to. */
class Desk implements PencilPort {
  asked: { question: QuoteQuestion; reply: (payment: number) => void; refuse: () => void }[] = [];
  columns: number[] = [];
  frontiers: string[] = [];
  connected = true;
  /** Whether questions for the best trade-offs are answered. */
  trades = true;
  private timers: (() => void)[] = [];

  quote(question: QuoteQuestion, replied: (reply: Reply) => void): boolean {
    if (!this.connected) return false;
    const data = { vehicle_id: question.vehicleId, grid: { cash_down_cents: this.columns } };
    const reply = (payment_cents: number) =>
      replied({ type: "reply", ref: 1, ok: true, data: { ...data, payment_cents } });
    const refuse = () =>
      replied({ type: "reply", ref: 1, ok: false, error: { code: "busy", message: "Busy.", retry: true, detail: {} } });
    this.asked.push({ question, reply, refuse });
    return true;
  }

  frontier(vehicleId: string, replied: (reply: Reply) => void): boolean {
    if (!this.connected) return false;
    this.frontiers.push(vehicleId);
    if (this.trades)
      replied({ type: "reply", ref: 2, ok: true, data: { vehicle_id: vehicleId, points: [], bands: [] } });
    return true;
  }

  later(_: number, action: () => void) {
    this.timers.push(action);
    return () => {
      this.timers = this.timers.filter((one) => one !== action);
    };
  }

  wait(): void {
    for (const action of this.timers.splice(0)) action();
  }
}

const shown = (pencil: Pencil) => pencil.picture.value.quote?.payment_cents ?? null;
const aim = (vehicleId: string, version = 1, view = "manager") => ({ vehicleId, version, view });

test("walking through cars asks only for the one where the person stays", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  for (const id of ["a", "b", "c"]) pencil.aim(aim(id));
  desk.wait();
  assert.deepEqual(
    desk.asked.map(({ question }) => question.vehicleId),
    ["c"],
  );
  assert.equal(pencil.picture.value.asking, true);
  desk.asked[0]!.reply(500);
  assert.equal(shown(pencil), 500);
  assert.equal(pencil.picture.value.asking, false);
  assert.deepEqual(desk.frontiers, ["c"]);
});

test("of the questions that come up while one is under way the newest is asked, once", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  for (const term_months of [36, 48, 60]) pencil.pick({ changes: { term_months }, programmeId: null });
  assert.equal(desk.asked.length, 1);
  desk.asked[0]!.reply(1);
  assert.equal(desk.asked.length, 2);
  assert.deepEqual(desk.asked[1]!.question.pick?.changes, { term_months: 60 });
  assert.equal(pencil.picture.value.asking, true);
  desk.asked[1]!.reply(2);
  assert.equal(shown(pencil), 2);
});

test("an answer for a car that was left is not shown with another one", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  pencil.aim(aim("b"));
  desk.wait();
  desk.asked[0]!.reply(1);
  assert.equal(shown(pencil), null);
  assert.equal(desk.asked[1]!.question.vehicleId, "b");
});

test("a new version of the deal asks again and keeps the older answer until then", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  desk.asked[0]!.reply(1);
  pencil.aim(aim("a", 2));
  assert.equal(pencil.picture.value.asking, true);
  assert.equal(shown(pencil), 1);
  desk.wait();
  desk.asked[1]!.reply(2);
  assert.equal(shown(pencil), 2);
});

test("another view lets go of what was known", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  desk.asked[0]!.reply(1);
  pencil.aim(aim("a", 1, "sales"));
  assert.equal(shown(pencil), null);
  assert.equal(pencil.picture.value.frontier, null);
  desk.wait();
  desk.asked[1]!.reply(1);
  assert.deepEqual(desk.frontiers, ["a", "a"]);
});

test("what was on its way when the connection went is asked again when it is back", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  pencil.lost();
  desk.connected = false;
  desk.asked[0]!.reply(1);
  assert.equal(shown(pencil), null);
  desk.connected = true;
  pencil.resume();
  desk.asked[1]!.reply(2);
  assert.equal(shown(pencil), 2);
});

test("a refusal is shown, and asking again clears it", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  desk.asked[0]!.refuse();
  assert.equal(pencil.picture.value.failure?.message, "Busy.");
  assert.equal(pencil.picture.value.asking, false);
  pencil.retry();
  assert.equal(pencil.picture.value.failure, null);
  assert.equal(desk.asked.length, 2);
});

test("a roll goes with the questions until another structure is picked", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  pencil.aim(aim("a"));
  desk.wait();
  desk.asked[0]!.reply(1);
  pencil.rollTo({ vary: "cash_down", payment_cents: 45_000 });
  assert.deepEqual(desk.asked[1]!.question.roll, { vary: "cash_down", payment_cents: 45_000 });
  desk.asked[1]!.reply(1);
  pencil.pick({ changes: { cash_down_cents: 1 }, programmeId: null });
  assert.equal(desk.asked[2]!.question.roll, null);
});

test("a pick's term becomes the one that the deal offers", () => {
  assert.deepEqual(dealChanges({ changes: { term_months: 48, cash_down_cents: 1 }, programmeId: null }), {
    cash_down_cents: 1,
    term_months: null,
    terms_months: [48],
  });
  assert.deepEqual(dealChanges({ changes: { discount_cents: 5 }, programmeId: null }), { discount_cents: 5 });
});

test("the columns of the grid stay where they are while other cells are looked at", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  const lastAsked = () => desk.asked.at(-1)!;
  desk.columns = [200, 250, 300];
  pencil.aim(aim("a"));
  desk.wait();
  assert.deepEqual(lastAsked().question.cashCents, []);
  lastAsked().reply(1);
  pencil.pick({ changes: { term_months: 36, cash_down_cents: 300 }, programmeId: null });
  assert.deepEqual(lastAsked().question.cashCents, [200, 250, 300]);
  desk.columns = [300];
  lastAsked().reply(2);
  pencil.pick({ changes: { term_months: 36, cash_down_cents: 275 }, programmeId: null });
  assert.deepEqual(lastAsked().question.cashCents, [200, 250, 275, 300]);
  lastAsked().reply(3);
  pencil.turnGrid({ stepCents: 10 });
  assert.deepEqual(lastAsked().question.cashCents, []);
  lastAsked().reply(4);
  pencil.pick(null);
  assert.deepEqual(lastAsked().question.cashCents, []);
});

test("the best trade-offs are asked again if the connection took their answer, and only then", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  desk.trades = false;
  pencil.aim(aim("a"));
  desk.wait();
  desk.asked[0]!.reply(1);
  pencil.lost();
  desk.trades = true;
  pencil.resume();
  assert.deepEqual(desk.frontiers, ["a", "a"]);
  assert.notEqual(pencil.picture.value.frontier, null);
  pencil.lost();
  pencil.resume();
  assert.equal(desk.frontiers.length, 2);
});

test("columns of an older step, or of another car, are not those of a pick that came meanwhile", () => {
  const desk = new Desk();
  const pencil = new Pencil(desk);
  desk.columns = [200, 250, 300];
  pencil.aim(aim("a"));
  desk.wait();
  pencil.turnGrid({ stepCents: 10 });
  pencil.pick({ changes: { cash_down_cents: 300 }, programmeId: null });
  desk.asked[0]!.reply(1);
  assert.deepEqual(desk.asked[1]!.question.cashCents, []);
  pencil.aim(aim("b"));
  desk.wait();
  pencil.pick({ changes: { cash_down_cents: 300 }, programmeId: null });
  desk.asked[1]!.reply(1);
  assert.deepEqual(desk.asked[2]!.question.cashCents, []);
});
