// Scenarios side by side: what differs from the deal, what is sent when, and what the activity says. No browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deal } from "../../../src/deal/model/fold";
import { columnsOf, delta, differing } from "../../../src/deal/scenarios/columns";
import { cashChanges, conflictOf, ScenarioEdits, termChanges } from "../../../src/deal/scenarios/edits";
import { scenarioWords } from "../../../src/deal/scenarios/words";
import { formatsFor } from "../../../src/text/format";
import type { DealOffer, ErrorBody, Reply, Scenario } from "../../../src/wire";

const formats = formatsFor("en-US");
const BO = { id: "u2", name: "Bo", role: "desk_manager" } as const;
const CAR = { vin: "V", stock_no: "R1", year: 2024, make: "Ford", model: "Escape", trim: "SE", mileage: 9 };

function offer(fields: Partial<DealOffer> = {}): DealOffer {
  return {
    offer_id: "o",
    vehicle_id: "1",
    rev: 1,
    car: CAR,
    deal_version: 1,
    changes: {},
    price_cents: 2_000_000,
    payment_cents: 40_000,
    term_months: 72,
    rate_bp: 650,
    apr_percent: 6.5,
    cash_down_cents: 200_000,
    discount_cents: 0,
    principal_cents: 1_900_000,
    total_of_payments_cents: 2_880_000,
    lender: "Bank",
    npv_cents: 150_000,
    ...fields,
  } as DealOffer;
}

function scenario(fields: Partial<Scenario> = {}): Scenario {
  return {
    id: "b",
    name: "B",
    version: 1,
    vehicle_id: "1",
    structure: { payment_max_cents: 41_000 },
    changes: {},
    programme_id: null,
    offer: offer(),
    refusal: null,
    outdated: null,
    of_the_deal: false,
    by: BO,
    at: "2026-11-28T08:00:00Z",
    ...fields,
  };
}

function deal(scenarios: Scenario[], selected: DealOffer | null = offer()): Deal {
  return { selected, selected_outdated: false, structure: {}, scenarios } as unknown as Deal;
}

test("a column differs from the deal's where a person would see it", () => {
  const other = offer({ vehicle_id: "2", payment_cents: 46_500, term_months: 60, npv_cents: 149_000 });
  const [own, same, sixty] = columnsOf(deal([scenario(), scenario({ id: "c", offer: other })]));
  assert.deepEqual([...differing(same!, own!)], []);
  assert.deepEqual([...differing(sixty!, own!)], ["payment", "car", "term", "value"]);
  assert.equal(delta(sixty!, own!, "paidCents"), 6_500);
  assert.equal(delta(sixty!, own!, "npvCents"), -1_000);
  assert.deepEqual([own!.overCents, same!.overCents, sixty!.overCents], [0, 0, 5_500]);
});

test("a payment each month and a price out the door are not compared; without an offer nothing is", () => {
  const cash = offer({ cash: { out_the_door_cents: 2_150_000, discount_cents: 0 } as DealOffer["cash"] & object });
  const none = scenario({ id: "c", offer: null, refusal: { message: "No lender.", binding: "pti" } });
  const [own, paid, refused] = columnsOf(deal([scenario({ offer: cash }), none]));
  assert.equal(delta(paid!, own!, "paidCents"), null);
  assert.deepEqual([paid!.kind, paid!.figures?.termMonths, paid!.figures?.totalCents], ["cash", null, 2_150_000]);
  assert.deepEqual([...differing(refused!, own!)], []);
  assert.deepEqual([...differing(refused!, columnsOf(deal([], null))[0]!)], []);
});

/** A server that answers when it is told to. */
class Desk {
  scenarios = [scenario()];
  sent: Record<string, unknown>[] = [];
  private readonly pending: ((data: Reply["data"]) => void)[] = [];
  readonly edits = new ScenarioEdits({
    served: () => this.scenarios,
    give: (_, command, done) => {
      this.sent.push(command as unknown as Record<string, unknown>);
      this.pending.push(done);
    },
    busy: () => this.pending.length > 0,
  });

  answer(version: number): void {
    this.pending.shift()!({ scenario_version: version });
  }

  refuse(): void {
    this.pending.shift();
    this.edits.advance();
  }

  hear(version: number): void {
    this.scenarios = [scenario({ version })];
    this.edits.advance();
  }
}

test("one edit of a scenario is on its way at a time; what is typed meanwhile follows on the version that came", () => {
  const desk = new Desk();
  desk.edits.put("b", { changes: cashChanges(300_000) });
  desk.edits.put("b", { changes: cashChanges(350_000) });
  desk.edits.put("b", { changes: termChanges(60), name: "Sixty" });
  assert.equal(desk.sent.length, 1);
  desk.answer(2);
  // The answer came before the event: what this person sees is still the older version.
  assert.equal(desk.sent.length, 1);
  desk.hear(2);
  assert.deepEqual(desk.sent[1], {
    type: "scenario_change",
    scenario_id: "b",
    version: 2,
    name: "Sixty",
    changes: { ...cashChanges(350_000), ...termChanges(60) },
  });
  desk.refuse();
  desk.edits.put("b", {});
  assert.deepEqual(desk.sent[2], { type: "scenario_change", scenario_id: "b", version: 2, changes: {} });
  desk.scenarios = [];
  desk.answer(3);
  desk.edits.put("b", { name: "Gone" });
  assert.equal(desk.sent.length, 3);
});

test("a conflict names the field, its value and who set it; other refusals are no conflicts", () => {
  const error = (code: ErrorBody["code"], detail: Record<string, unknown>) =>
    conflictOf({ code, message: "", retry: false, detail });
  assert.deepEqual(error("conflict", { field: "terms_months", value: [48], by: BO }), {
    field: "terms_months",
    value: [48],
    by: "Bo",
  });
  assert.equal(error("locked", { field: "terms_months", by: BO }), null);
  assert.equal(error("conflict", { field: "version", value: 3, by: BO }), null);
  assert.equal(error("conflict", { field: "state", value: "lost" }), null);
});

test("the activity tells what was added, changed, put on the deal, and what is outdated", () => {
  const envelope = { channel: "deal:1", seq: 1, at: "2026-11-28T08:00:00Z", by: BO };
  const about = { scenario_id: "b", scenario_version: 2, title: "B" };
  const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, "");
  const say = (event: Parameters<typeof scenarioWords>[0]) => {
    const words = scenarioWords(event, () => "a car");
    return words && [plain(words.what(formats)), words.why ?? null, (words.changes ?? []).map(({ label }) => label)];
  };
  const added = { type: "scenario_added", ...envelope, scenario: scenario(), source: null } as const;
  assert.deepEqual(say(added), ["added “B”: $400.00 × 72", null, []]);
  assert.deepEqual(say({ ...added, source: "A" })?.[0], "added “B”, a copy of “A”: $400.00 × 72");
  const changed = { type: "scenario_changed", ...envelope, ...about } as const;
  assert.deepEqual(say({ ...changed, name: "C" }), ["renamed “B” to “C”", null, []]);
  assert.deepEqual(
    say({
      ...changed,
      changes: { ...cashChanges(300_000), term_months: null },
      before: { cash_down_cents: 0, cash_down_max_cents: 0, term_months: null },
      offer: offer({ payment_cents: 39_000 }),
    }),
    ["changed “B”: $390.00 × 72", null, ["Cash down"]],
  );
  assert.deepEqual(
    say({ ...changed, vehicle_id: "1", offer: offer() })?.[0],
    "changed “B” to 2024 Ford Escape: $400.00 × 72",
  );
  assert.deepEqual(say({ ...changed, outdated: "rates_changed" }), [
    "“B” is outdated",
    "A new rate sheet is in force",
    [],
  ]);
  assert.deepEqual(say({ type: "scenario_removed", ...envelope, ...about })?.[0], "removed “B”");
  assert.deepEqual(say({ type: "scenario_used", ...envelope, ...about })?.[0], "made “B” the deal's scenario");
  assert.equal(say({ type: "scenario_used", channel: "deal:1", seq: 1, at: envelope.at }), null);
});
