import { isEditable } from "../../../deal/desk/steps";
import type { DealSession } from "../../../deal/session";
import type { DealKind } from "../../../wire";

const WORDS: Record<DealKind, string> = {
  finance: "Make it a financed deal",
  lease: "Make it a lease",
  cash: "Make it a cash deal",
};

/** Turns the whole deal into the way to pay that is shown; the search then ranks its offers. */
export function KindSwitch({ way, session }: { way: DealKind; session: DealSession }) {
  const deal = session.model.value?.deal;
  if (!deal || !session.can("terms") || !isEditable(deal)) return null;
  const kind = session.terms.value("kind", deal.structure.kind ?? "finance");
  if (kind === way) return null;
  const locked = deal.locks?.find((each) => each.field === "kind");
  return (
    <p class="kind-switch">
      <button
        type="button"
        class="button small"
        disabled={locked !== undefined && !session.can("lock")}
        title="Changes the deal's terms for everyone and searches again"
        onClick={() => session.terms.edit("kind", way)}
      >
        {WORDS[way]}
      </button>
    </p>
  );
}
