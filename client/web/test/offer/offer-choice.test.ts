import assert from "node:assert/strict";
import { test } from "node:test";
import { carPicture, isSameFigures, NOTHING_CHOSEN, pictureOf } from "../../src/offer/model/choice";
import { figures, presentation } from "./shown";

const reply = presentation();
const told = (picture: ReturnType<typeof pictureOf>) =>
  picture && [picture.car.vehicle_id, picture.way?.kind, picture.cell?.term_months, picture.cell?.cash_down_cents];

test("without a choice the deal's own car and cell are in front", () => {
  assert.deepEqual(told(pictureOf(reply, NOTHING_CHOSEN)), ["1", "finance", 72, 1_000_00]);
  assert.equal(pictureOf(presentation({ cars: [] }), NOTHING_CHOSEN), null);
});

test("what was chosen stays, as long as it is offered", () => {
  const choice = { vehicleId: "2", kind: null, places: { finance: { term: 60, cash: 1_500_00 } } };
  assert.deepEqual(told(pictureOf(reply, choice)), ["2", "finance", 60, 1_500_00]);
  assert.deepEqual(told(pictureOf(presentation({ cars: reply.cars.slice(1) }), choice)), [
    "1",
    "finance",
    60,
    1_500_00,
  ]);
  const gone = { ...choice, places: { finance: { term: 84, cash: 1_500_00 } } };
  assert.deepEqual(told(pictureOf(reply, gone)), ["2", "finance", 72, 1_000_00]);
});

test("a car that has not the chosen way is shown in its own", () => {
  const cash = { ...NOTHING_CHOSEN, kind: "cash" as const };
  assert.deepEqual(told(carPicture(reply, reply.cars[1]!, cash)), ["1", "cash", null, 0]);
  assert.deepEqual(told(carPicture(reply, reply.cars[0]!, cash)), ["2", "finance", 72, 1_000_00]);
});

test("cars beside each other are compared where the deal's car stands, although their own best is elsewhere", () => {
  const [other, deals] = reply.cars;
  const way = { ...other!.ways[0]!, own: other!.ways[0]!.cells[0]![1]! };
  const cars = [{ ...other!, ways: [way] }, deals!];
  assert.deepEqual(told(carPicture({ ...reply, cars }, cars[0]!, NOTHING_CHOSEN)), ["2", "finance", 72, 1_000_00]);
});

test("figures are the same if each of them is, absent or null", () => {
  const one = figures(300_00, 21_600_00);
  const { amount_financed_cents: _, ...shorter } = one;
  assert.ok(isSameFigures(one, shorter as typeof one));
  for (const name of ["total_cents", "payment_cents", "apr_percent", "due_at_signing_cents"] as const)
    assert.ok(!isSameFigures(one, { ...one, [name]: 1 }), name);
});
