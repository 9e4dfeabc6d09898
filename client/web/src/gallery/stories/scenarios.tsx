// The scenarios of a deal in each of their states.
import { ScenarioStrip } from "../../screen/scenarios/scenario-strip";
import type { DealOffer, DealSnapshot, DealState, Scenario } from "../../wire";
import type { RecordedChannel, Recording, Twist } from "../fake/recording";
import { appears, Part } from "../fake/stage";
import { pathOf, recordings } from "../recorded/recordings";
import type { Story } from "../story";

const BY = { id: "u-ann", name: "Ann Salas", role: "salesperson" } as const;
const STATE: DealState = "submitted";

function scenario(deal: DealSnapshot, id: string, name: string, fields: Partial<Scenario> = {}): Scenario {
  return {
    id,
    name,
    version: 1,
    vehicle_id: deal.selected?.vehicle_id ?? null,
    structure: deal.structure,
    changes: {},
    programme_id: null,
    offer: deal.selected,
    refusal: null,
    outdated: null,
    of_the_deal: false,
    by: BY,
    at: "2026-11-30T10:00:00Z",
    ...fields,
  };
}

function dearer(offer: DealOffer | null, cents: number): DealOffer | null {
  if (!offer) return null;
  const { lease: _, cash: __, ...financed } = offer;
  const payment_cents = offer.payment_cents + cents;
  const total_of_payments_cents = payment_cents * 60;
  return { ...financed, kind: "finance", payment_cents, term_months: 60, rate_bp: 899, total_of_payments_cents };
}

/** Four scenarios: like the deal's, dearer, without an offer, and outdated. */
function several(deal: DealSnapshot): Scenario[] {
  const none = { offer: null, refusal: { message: "No lender program accepts this car.", binding: "pti" } };
  return [
    scenario(deal, "b", "As it is", { of_the_deal: true }),
    scenario(deal, "c", "$3,000 down and 60 months", { offer: dearer(deal.selected, 6_431) }),
    scenario(deal, "d", "84 months", none),
    scenario(deal, "e", "Last week's car", { offer: dearer(deal.selected, -1_250), outdated: "rates_changed" }),
  ];
}

function full(deal: DealSnapshot): Scenario[] {
  return ["B", "C", "D", "E", "F", "G"].map((letter) => scenario(deal, letter, `Scenario ${letter}`));
}

/** Loads the deal with scenarios, in a state of its own. */
function withScenarios(made: (deal: DealSnapshot) => Scenario[], state: DealState = "working"): Twist {
  return {
    loaded: (channel: RecordedChannel) => {
      const { snapshot } = channel.join;
      if (!snapshot?.deal) return channel;
      const deal = { ...snapshot.deal, state, scenarios: made(snapshot.deal) };
      return { ...channel, join: { ...channel.join, snapshot: { ...snapshot, deal } } };
    },
  };
}

const REFUSED = {
  code: "conflict",
  message: "Bo Manager changed terms_months in the meantime.",
  retry: false,
  detail: { field: "terms_months", value: [48], version: 2, by: { ...BY, name: "Bo Manager" } },
} as const;

function story(state: string, twist: Twist, act?: Story["act"]): Story {
  const recording: Recording = { ...recordings.manager, path: pathOf(recordings.manager, STATE) };
  const made: Story = {
    part: "scenarios",
    state,
    render: () => (
      <Part recording={recording} twist={twist}>
        {(session) => (
          <div>
            <h1 class="visually-hidden">A deal</h1>
            <ScenarioStrip session={session} />
          </div>
        )}
      </Part>
    ),
  };
  return act ? { ...made, act } : made;
}

async function open(root: HTMLElement): Promise<void> {
  (await appears<HTMLElement>(root, ".scenario-bar [aria-expanded]")).click();
  await appears(root, ".scenario-table");
}

async function change(root: HTMLElement): Promise<void> {
  await open(root);
  const term = await appears<HTMLSelectElement>(root, ".scenario-way select:last-child");
  term.value = "84";
  term.dispatchEvent(new Event("change", { bubbles: true }));
}

export const SCENARIOS: Story[] = [
  story(
    "none",
    withScenarios(() => []),
  ),
  story("in a line", withScenarios(several)),
  story("side by side", withScenarios(several), open),
  story("as many as there may be", withScenarios(full), open),
  story("pricing", { ...withScenarios(several), refuse: {} }, change),
  story("changed by two", { ...withScenarios(several), refuse: { scenario_change: REFUSED } }, async (root) => {
    await change(root);
    await appears(root, ".scenario-remark.trouble");
  }),
  story("signed", withScenarios(several, "signed"), open),
];
