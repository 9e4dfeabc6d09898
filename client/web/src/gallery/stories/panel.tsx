// The offer panel and the search's trace in each of their states.
import { useEffect } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { OfferPanel } from "../../screen/offer/offer-panel";
import { TracePopover } from "../../screen/stock/trace-popover";
import type { Recording, Twist } from "../fake/recording";
import { appears, Part } from "../fake/stage";
import { stays } from "../fake/twists";
import { pathOf, recordings } from "../recorded/recordings";
import type { Story } from "../story";

const DESK = of(recordings.manager, "submitted");
const SALES = of(recordings.sales, "working");

/** Returns a recording that begins at the deal in a state. */
function of(recording: Recording, state: "working" | "submitted"): Recording {
  return { ...recording, path: pathOf(recording, state) };
}

/** Returns a recording whose quotes are another one. */
function quoting(recording: Recording, change: (quote: Record<string, unknown>) => Record<string, unknown>): Recording {
  const answers = recording.answers.map((answer) =>
    answer.request.type === "quote" && answer.data ? { ...answer, data: change(answer.data) } : answer,
  );
  return { ...recording, answers };
}

const REFUSED = quoting(SALES, ({ payment_cents: _, lender: __, value: ___, ...quote }) => ({
  ...quote,
  eligible: false,
  binding: "amount_max",
  over_cents: 231_000,
  over_lender: "Group Acceptance (sample)",
  fix: { kind: "term", cash_cents: 235_000, term_months: 84 },
}));
const HOPELESS = quoting(REFUSED, ({ over_cents: _, over_lender: __, ...quote }) => ({
  ...quote,
  binding: "npv_floor",
  fix: { kind: "value", value_cents: 120_000 },
}));

/** The panel as wide and as high as on a desk, with the best car or with none. */
function Panel({ session, chosen }: { session: DealSession; chosen: boolean }) {
  const { rows, shown } = session.grid.picture.value;
  const best = rows[shown[0] ?? -1]?.vehicle_id;
  useEffect(() => {
    if (chosen && best && session.grid.selected.value === null) session.grid.select(best);
  }, [best]);
  return (
    <div style={{ display: "grid", width: "30.5rem", height: "44rem" }}>
      <OfferPanel session={session} />
    </div>
  );
}

interface Rest {
  twist?: Twist;
  chosen?: boolean;
  act?: (root: HTMLElement) => Promise<void>;
}

function panel(state: string, recording: Recording, { twist, chosen = true, act }: Rest = {}): Story {
  const view = recording.user.role === "salesperson" ? "sales" : "manager";
  const story: Story = {
    part: "offer panel",
    state,
    render: () => (
      <Part recording={recording} view={view} {...(twist ? { twist } : {})}>
        {(session) => <Panel session={session} chosen={chosen} />}
      </Part>
    ),
  };
  return act ? { ...story, act } : story;
}

/** Opens tabs of the panel one after the other, and waits for what the last one shows. */
function open(selector: string, ...words: string[]): (root: HTMLElement) => Promise<void> {
  return async (root) => {
    for (const word of words) (await appears<HTMLElement>(root, "[role=tab]", word)).click();
    await appears(root, selector);
  };
}

/** Picks a cell of the payment grid that is not shown. */
async function pickCell(root: HTMLElement): Promise<void> {
  await open(".pencil", "Pencil")(root);
  (await appears<HTMLElement>(root, ".pencil td button:not(.out):not(.here)")).click();
  await appears(root, ".pick-bar");
}

async function fix(root: HTMLElement): Promise<void> {
  (await appears<HTMLElement>(root, ".fixes button")).click();
  await appears(root, ".undo-bar");
}

export const PANEL_STORIES: Story[] = [
  panel("no car chosen", SALES, { chosen: false }),
  panel("quote on its way", SALES, { twist: { silent: "quote" }, act: open(".tab-skeleton", "Pencil") }),
  panel("pencil", SALES, { act: open(".pencil", "Pencil") }),
  panel("pencil, lease", DESK, { act: open(".payment-tabs", "Pencil", "Lease") }),
  panel("pencil, cell picked", SALES, { act: pickCell }),
  panel("value, of a manager", DESK, { act: open(".waterfall", "Value") }),
  panel("value, of a salesperson", SALES, { act: open(".value-facts", "Value") }),
  panel("contract", DESK, { act: open(".contract", "Contract") }),
  panel("car", DESK, { twist: stays, act: open(".offer-body", "Car") }),
  panel("refused, with fixes", REFUSED, { act: open(".fixes button", "Pencil") }),
  panel("refused, nothing to fix", HOPELESS, { act: open(".fixes", "Pencil") }),
  panel("refused, terms changed", REFUSED, { act: fix }),
  panel("quote failed", SALES, {
    twist: {
      refuse: {
        quote: { code: "busy", message: "Too many quotes are waiting. Try again shortly.", retry: true, detail: {} },
      },
    },
    act: async (root) => void (await appears(root, ".pick-slot.trouble")),
  }),
  {
    part: "search trace",
    state: "open",
    render: () => (
      <Part recording={DESK}>
        {(session) => {
          const search = session.model.value?.search;
          return search ? (
            <div
              style={{
                display: "flex",
                alignItems: "flex-end",
                justifyContent: "flex-end",
                width: "44rem",
                height: "38rem",
              }}
            >
              <TracePopover search={search} painted={[]} />
            </div>
          ) : null;
        }}
      </Part>
    ),
    act: async (root) => (await appears<HTMLElement>(root, ".trace summary")).click(),
  },
];
