// What each event does to a deal's scenarios: the twin of protocol/fold_parts/scenarios.py. Pure, and as idempotent.
import type { DealOffer, Scenario, ScenarioAdded, ScenarioChanged, ScenarioRemoved, ScenarioUsed } from "../../wire";

export type ScenarioEvent = ScenarioAdded | ScenarioChanged | ScenarioRemoved | ScenarioUsed;

/** The fields that an event may change, each with its name in the scenario. */
const CHANGED = {
  name: "name",
  vehicle_id: "vehicle_id",
  changes: "structure",
  asked: "changes",
  programme_id: "programme_id",
  offer: "offer",
  refusal: "refusal",
  outdated: "outdated",
} as const;
/** What may change of a scenario that stays the deal's, if its offer has the same figures. */
const SAME: ReadonlySet<string> = new Set(["name", "outdated", "offer"]);

/** Returns the scenarios after an event about one of them; the deal is at `dealVersion`. */
export function scenariosAfter(scenarios: readonly Scenario[], event: ScenarioEvent, dealVersion: number): Scenario[] {
  switch (event.type) {
    case "scenario_added": {
      const { scenario } = event;
      const known = !scenario || scenarios.some((each) => each.id === scenario.id);
      return known ? [...scenarios] : [...scenarios, scenario];
    }
    case "scenario_changed":
      return scenarios.map((each) => (each.id === event.scenario_id ? changed(each, event) : each));
    case "scenario_removed":
      return scenarios.filter((each) => each.id !== event.scenario_id);
    case "scenario_used": {
      const { scenario_id: id, scenario_version: version, deal_version: used } = event;
      if (id === undefined || version === undefined || used === undefined || dealVersion > used) return [...scenarios];
      const stands = scenarios.some((each) => each.id === id && each.version <= version);
      return stands ? marked(scenarios, id) : [...scenarios];
    }
  }
}

/** Returns the scenarios, of which this one is the deal's; null: none is. */
export function marked(scenarios: readonly Scenario[], id: string | null): Scenario[] {
  return scenarios.map((each) =>
    each.of_the_deal === (each.id === id) ? each : { ...each, of_the_deal: each.id === id },
  );
}

function changed(scenario: Scenario, event: ScenarioChanged): Scenario {
  const { scenario_version: version, by, at } = event;
  if (version === undefined || by === undefined || scenario.version >= version) return scenario;
  const change: Record<string, unknown> = {};
  for (const [told, field] of Object.entries(CHANGED)) {
    const value = event[told as keyof typeof CHANGED];
    if (value !== undefined) change[field] = value;
  }
  if (change.structure) change.structure = { ...scenario.structure, ...(change.structure as object) };
  const stays = Object.keys(change).every((field) => SAME.has(field)) && stillOffered(scenario, change);
  // That its figures are old is nobody's change.
  const who = change.outdated ? {} : { by, at };
  return { ...scenario, ...change, ...who, version, of_the_deal: scenario.of_the_deal && stays };
}

function stillOffered(scenario: Scenario, change: Record<string, unknown>): boolean {
  if (!("offer" in change)) return true;
  const offer = change.offer as DealOffer | null;
  return offer === null ? scenario.offer === null : sameFigures(scenario.offer, offer);
}

/** Whether two offers are the same to the customer: a new value alone makes no other scenario. */
export function sameFigures(before: DealOffer | null, offer: DealOffer): boolean {
  return before !== null && JSON.stringify(figures(before)) === JSON.stringify(figures(offer));
}

function figures({ cash, ...offer }: DealOffer): unknown[] {
  const { vehicle_id, payment_cents, term_months, rate_bp, cash_down_cents, discount_cents } = offer;
  const outTheDoor = cash?.out_the_door_cents ?? null;
  return [vehicle_id, payment_cents, term_months, rate_bp, cash_down_cents, discount_cents, outTheDoor];
}
