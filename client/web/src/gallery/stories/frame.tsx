// The frame of the deal: the form with what can be wrong in it, the activity, and who is where.
import type { Recording, Twist } from "../fake/recording";
import { appears, Page } from "../fake/stage";
import { pathOf, recordings } from "../recorded/recordings";
import type { Story } from "../story";

const { sales, manager } = recordings;
const DANA = { id: "dana", name: "Dana Cole", role: "desk_manager" };
const HERE = { user_id: "dana", name: "Dana Cole", role: "desk_manager", focus: "cash_down_cents", deal_id: null };

interface Scene {
  state: string;
  recording?: Recording;
  twist?: Twist;
  act(root: HTMLElement): Promise<void>;
}

function frame({ state, recording = sales, twist, act }: Scene): Story {
  const path = pathOf(recording, "working");
  return {
    part: "deal frame",
    state,
    page: true,
    render: () => <Page recording={recording} path={path} {...(twist ? { twist } : {})} />,
    act,
  };
}

/** Types into a field of the form, as a person does. */
async function type(root: HTMLElement, field: string, text: string): Promise<void> {
  const input = await appears<HTMLInputElement>(root, `#field-${field}`);
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  await appears(root, ".field .trouble");
}

async function press(root: HTMLElement, selector: string): Promise<void> {
  (await appears<HTMLElement>(root, selector)).click();
}

const refusal = (detail: Record<string, unknown>, code: "invalid" | "conflict" = "invalid"): Twist => ({
  refuse: { terms: { code, message: "structure: it does not fit", retry: false, detail } },
});

export const FRAME: Story[] = [
  frame({
    state: "a field refused",
    twist: refusal({ field: "structure.cash_down_max_cents", expected: "expected at least cash_down_cents" }),
    act: (root) => type(root, "cash_down_max_cents", "500"),
  }),
  frame({
    state: "a conflict",
    twist: refusal({ field: "cash_down_cents", value: 250_000, by: DANA, at: new Date(0).toISOString() }, "conflict"),
    act: (root) => type(root, "cash_down_cents", "1,800"),
  }),
  frame({
    state: "locked, and somebody here",
    twist: {
      after: [
        { type: "presence", here: [{ ...HERE, focus: "payment_max_cents" }] },
        { type: "field_locked", version: 1_000_000, field: "cash_down_cents", by: DANA },
      ],
    },
    act: async (root) => void (await appears(root, ".locked-by", "Locked")),
  }),
  frame({
    state: "manager, somebody in a field",
    recording: manager,
    twist: { after: [{ type: "presence", here: [HERE] }] },
    act: async (root) => void (await appears(root, ".here-mark")),
  }),
  frame({
    state: "assigning",
    recording: manager,
    act: async (root) => {
      await press(root, ".seller");
      await appears(root, "dialog option:nth-child(3)");
    },
  }),
  frame({
    state: "every fold open",
    act: async (root) => {
      await appears(root, ".fold");
      for (const fold of root.querySelectorAll<HTMLDetailsElement>(".fold")) fold.open = true;
    },
  }),
  frame({
    state: "the whole activity",
    act: async (root) => {
      await press(root, ".timeline header .link");
      await appears(root, ".entries li");
    },
  }),
];
