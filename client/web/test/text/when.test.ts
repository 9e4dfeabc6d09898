import assert from "node:assert/strict";
import { test } from "node:test";
import { whenText } from "../../src/text/when";

const formats = { clock: () => "5:10 PM", weekday: () => "Tue", date: () => "Nov 3, 2026" };
const now = new Date(2026, 10, 30, 0, 5).getTime();
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).toISOString();

test("today is a time, yesterday and the week have their day, all else its date", () => {
  assert.equal(whenText(at(30, 0, 1), now, formats), "5:10 PM");
  assert.equal(whenText(at(29, 23, 59), now, formats), "Yesterday 5:10 PM");
  assert.equal(whenText(at(24, 12), now, formats), "Tue 5:10 PM");
  assert.equal(whenText(at(3, 12), now, formats), "Nov 3, 2026");
});
