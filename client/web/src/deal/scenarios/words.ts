// What happened to a deal's scenarios, as the activity tells it. Pure.
import type { Formats } from "../../text/format";
import { isolated } from "../../text/readable";
import type { DealOffer, ScenarioChanged } from "../../wire";
import { carText, figuresOf, paymentText } from "../model/figures";
import type { CarName, Words } from "../model/timeline";
import { reasonText } from "../model/words";
import { fieldLabel } from "../terms/fields";
import type { ScenarioEvent } from "./fold";

/** Returns what an event about a scenario says; null if the view hides it. */
export function scenarioWords(event: ScenarioEvent, carName: CarName): Words | null {
  switch (event.type) {
    case "scenario_added": {
      const { scenario, source } = event;
      if (!scenario) return null;
      const from = source == null ? "" : `, a copy of ${quoted(source)}`;
      return {
        tone: "offer",
        what: (formats) => `added ${quoted(scenario.name)}${from}${paid(scenario.offer, formats)}`,
      };
    }
    case "scenario_changed":
      return event.title === undefined ? null : changed(event, event.title, carName);
    case "scenario_removed":
      return event.title === undefined ? null : { tone: "offer", what: () => `removed ${quoted(event.title!)}` };
    case "scenario_used":
      return event.title === undefined
        ? null
        : { tone: "offer", what: () => `made ${quoted(event.title!)} the deal's scenario` };
  }
}

function changed(event: ScenarioChanged, title: string, carName: CarName): Words {
  if (event.outdated)
    return { tone: "offer", by: null, what: () => `${quoted(title)} is outdated`, why: reasonText(event.outdated) };
  const { changes = {}, before = {}, name, vehicle_id: car, offer } = event;
  const said = Object.entries(changes)
    .filter(([field, after]) => JSON.stringify(after) !== JSON.stringify(before[field]))
    // Cash that is fixed has one amount.
    .filter(([field]) => field !== "cash_down_max_cents" || changes.cash_down_cents === undefined)
    .map(([field, after]) => ({ field, label: fieldLabel(field), before: before[field], after }));
  const renamed = name === undefined ? null : `renamed ${quoted(title)} to ${quoted(name)}`;
  if (renamed && said.length === 0 && car === undefined) return { tone: "offer", what: () => renamed };
  const to = car == null ? "" : ` to ${offer ? carText(offer) : carName(car)}`;
  return {
    tone: "offer",
    changes: said,
    what: (formats) => `${renamed ?? `changed ${quoted(title)}`}${to}${offer ? paid(offer, formats) : ""}`,
  };
}

function quoted(name: string): string {
  return `“${isolated(name)}”`;
}

/** How an offer is paid, as it follows a name; empty without one. */
function paid(offer: DealOffer | null, formats: Formats): string {
  return offer ? `: ${paymentText(figuresOf(offer), formats)}` : "";
}
