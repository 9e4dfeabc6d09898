import assert from "node:assert/strict";
import { test } from "node:test";
import {
  candidatesOf,
  isReachable,
  liveLinks,
  NOTHING_STATED,
  statedAfter,
  termChoices,
  toggled,
  withCash,
} from "../../../src/deal/desk/presenting";
import type { Deal } from "../../../src/deal/model/fold";
import { likedText, presentedWords } from "../../../src/deal/model/presented";
import { formatsFor } from "../../../src/text/format";
import type { OfferLink } from "../../../src/wire";
import { acceptance } from "../../offer/shown";

const formats = formatsFor("en-US");
const offer = (id: string, model: string) => ({ vehicle_id: id, car: { year: 2023, make: "Lexus", model } });
const deal = {
  selected: offer("1", "RX"),
  pins: [offer("1", "RX"), offer("2", "ES")],
  structure: { terms_months: [66] },
};

test("the deal's car, the pinned ones and the one looked at can be shown, each once", () => {
  const cars = candidatesOf(deal as unknown as Deal, { vehicle_id: "2", name: "2023 Lexus ES" });
  assert.deepEqual(
    cars.map(({ vehicle_id, source }) => [vehicle_id, source]),
    [
      ["1", "On the deal"],
      ["2", "Pinned"],
    ],
  );
  const none = { ...deal, selected: null, pins: [] } as unknown as Deal;
  assert.deepEqual(candidatesOf(none, { vehicle_id: "3", name: "x" })[0]?.source, "Chosen");
});

test("three at most, in the order in which they stand", () => {
  assert.deepEqual(toggled([3], 1, [1, 2, 3]), [1, 3]);
  assert.deepEqual(toggled([1, 3], 3, [1, 2, 3]), [1]);
  assert.deepEqual(toggled([1, 2, 3], 4, [1, 2, 3, 4]), [1, 2, 3]);
});

test("terms are the usual ones, the deal's and what is shown", () => {
  const terms = termChoices(deal as unknown as Deal, { ...NOTHING_STATED, terms_months: [63] });
  assert.deepEqual(terms, [24, 36, 48, 60, 63, 66, 72, 84]);
});

test("amounts of cash stay in order, each once", () => {
  assert.deepEqual(withCash([1, 3], 2, 2), [1, 2, 3]);
  assert.deepEqual(withCash([1, 3], 0, 3), [3]);
  assert.deepEqual(withCash([1, 3], 0, null), [3]);
});

test("several cars are compared at the same cash down", () => {
  const open = { ...NOTHING_STATED, cash_down_cents: [1, 2] };
  const one = statedAfter(NOTHING_STATED, { vehicle_ids: ["1"] }, open);
  assert.deepEqual(one.cash_down_cents, []);
  const two = statedAfter(one, { vehicle_ids: ["1", "2"] }, open);
  assert.deepEqual(two.cash_down_cents, [1, 2]);
  assert.deepEqual(statedAfter(two, { cash_down_cents: [] }, open).cash_down_cents, []);
  assert.deepEqual(statedAfter(one, { vehicle_ids: ["1", "2"] }, null).cash_down_cents, []);
});

test("links that have ended are not listed, the latest is first", () => {
  const link = (id: string, expires_at: string, revoked = false) => ({ id, expires_at, revoked }) as OfferLink;
  const links = [
    link("a", "2026-01-02T00:00:00Z"),
    link("b", "2026-01-01T00:00:00Z"),
    link("c", "2026-01-03T00:00:00Z"),
  ];
  const now = Date.parse("2026-01-01T12:00:00Z");
  const ids = (all: OfferLink[]) => liveLinks(all, now).map(({ id }) => id);
  assert.deepEqual(ids(links), ["c", "a"]);
  assert.deepEqual(ids([link("d", "2026-01-03T00:00:00Z", true)]), []);
});

test("an address of this machine leads nobody else to it", () => {
  assert.deepEqual(["localhost", "127.0.0.1", "[::1]", "desk.example", "192.168.1.5"].map(isReachable), [
    false,
    false,
    false,
    true,
    true,
  ]);
});

test("what the customer likes is said with its figures", () => {
  assert.equal(likedText(acceptance(), formats), "2023 Lexus RX, $300.00 × 72, $1,000.00 down");
  const event = { type: "customer_accepted", channel: "", seq: 1, at: "", acceptance: acceptance() } as const;
  assert.match(presentedWords(event)?.(formats) ?? "", /^likes 2023 Lexus RX, \$300\.00/);
  const inPerson = { ...event, acceptance: acceptance({ in_person: true }) };
  assert.match(presentedWords(inPerson)?.(formats) ?? "", /^recorded that the customer likes 2023/);
});
