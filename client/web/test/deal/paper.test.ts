import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deal } from "../../src/deal/model/fold";
import { paperAddress, paperOf } from "../../src/deal/paper";
import type { PencilPicture } from "../../src/deal/pencil/pencil";
import type { DealOffer, QuoteReply } from "../../src/wire";

const PLAIN = "/api/deals/d/paper.pdf?cars=7";
const OFFER = { vehicle_id: "7", payment_cents: 50_000, term_months: 72, cash_down_cents: 0 } as DealOffer;

function dealWith(state: Deal["state"], selected: DealOffer | null): Deal {
  return { id: "d", state, selected, pins: [] } as unknown as Deal;
}

function pictureOf(quote: Partial<QuoteReply>, pick: PencilPicture["pick"] = null): PencilPicture {
  const whole = { eligible: true, pencil_id: "p", payment_cents: 48_000, term_months: 72, ...quote };
  return { vehicleId: "7", quote: whole, pick } as unknown as PencilPicture;
}

test("a comparison names its cars, and what is shown of one car is said", () => {
  assert.equal(paperAddress("d", ["7", "8"]), "/api/deals/d/paper.pdf?cars=7,8");
  assert.equal(paperAddress("d", ["7"], { pencil: "p" }), `${PLAIN}&pencil=p`);
});

test("the best offer of a car is printed without more words, a structure that was picked by its pencil", () => {
  const deal = dealWith("working", null);
  assert.deepEqual(paperOf(deal, "7", pictureOf({}), "finance"), { address: PLAIN, dealsOffer: false });
  const pick = { changes: { cash_down_cents: 5 }, programmeId: null };
  assert.equal(paperOf(deal, "7", pictureOf({}, pick), "finance")?.address, `${PLAIN}&pencil=p`);
  assert.equal(paperOf(dealWith("working", OFFER), "7", pictureOf({}, pick), "finance")?.address, `${PLAIN}&pencil=p`);
});

test("another way to pay is printed as that way, and not at all if the car cannot be had so", () => {
  const deal = dealWith("working", null);
  const cash = { covered: true } as QuoteReply["cash"];
  assert.equal(paperOf(deal, "7", pictureOf({ cash: cash! }), "cash")?.address, `${PLAIN}&kind=cash`);
  assert.equal(paperOf(deal, "7", pictureOf({ cash: { ...cash!, covered: false } }), "cash"), null);
  const untold = pictureOf({ cash: { out_the_door_cents: 5 } as QuoteReply["cash"] & object });
  assert.equal(paperOf(deal, "7", untold, "cash")?.address, `${PLAIN}&kind=cash`);
  assert.equal(paperOf(deal, "7", pictureOf({ eligible: false }), "finance"), null);
});

test("agreed figures are printed as agreed, and it is said where the screen shows others", () => {
  const deal = dealWith("submitted", OFFER);
  const pick = { changes: { cash_down_cents: 5 }, programmeId: null };
  assert.deepEqual(paperOf(deal, "7", pictureOf({}, pick), "finance"), { address: PLAIN, dealsOffer: true });
  const same = pictureOf({ payment_cents: 50_000 });
  assert.deepEqual(paperOf(deal, "7", same, "finance"), { address: PLAIN, dealsOffer: false });
  assert.deepEqual(paperOf(dealWith("working", OFFER), "7", pictureOf({}), "finance"), {
    address: PLAIN,
    dealsOffer: true,
  });
});
