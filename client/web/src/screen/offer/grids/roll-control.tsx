import { useSignal } from "@preact/signals";
import { financed } from "../../../deal/pencil/pencil";
import type { DealSession } from "../../../deal/session";
import { fieldLabel } from "../../../deal/terms/fields";
import { flattened, parts } from "../../../deal/terms/trades";
import { describeValue } from "../../../deal/terms/values";
import { parseMoney } from "../../../text/parse";
import { type QuoteReply, type QuoteRoll, Vary } from "../../../wire";
import { useSaid } from "../../parts/announced";
import { useSurroundings } from "../../parts/surroundings";
import { Trouble } from "../../parts/trouble";

const WAYS: Record<Vary, string> = {
  cash_down: "cash down",
  price: "price",
  trade_allowance: "trade allowance",
  term: "term",
  rate: "rate",
};

/** A person who may not set a price uses a discount within the seller's authority. */
function wayText(way: Vary, session: DealSession): string {
  return way === "price" && !session.can("price") ? "discount" : (WAYS[way] ?? way);
}

/** Rolls to a payment: the person enters it, and the engine finds the change. */
export function RollControl({ quote, asking, session }: { quote: QuoteReply; asking: boolean; session: DealSession }) {
  const { formats } = useSurroundings();
  const text = useSignal("");
  const vary = useSignal<Vary>("cash_down");
  const fault = useSignal<string | null>(null);
  function roll(event: Event): void {
    event.preventDefault();
    const parsed = parseMoney(text.value, formats);
    if (!parsed.ok || !parsed.value) {
      fault.value = parsed.ok ? "Enter a payment, such as 450." : parsed.message;
      return;
    }
    fault.value = null;
    session.pencil.rollTo({ vary: vary.value, payment_cents: parsed.value });
  }
  return (
    <section class="roll">
      <h3>Roll to a payment</h3>
      <form onSubmit={roll}>
        <span class="amount dollars">
          <input
            type="text"
            inputMode="decimal"
            autocomplete="off"
            aria-label="Desired payment"
            placeholder="Payment"
            value={text.value}
            aria-invalid={fault.value !== null}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
        </span>
        <select
          aria-label="What to change"
          value={vary.value}
          onChange={(event) => (vary.value = event.currentTarget.value as Vary)}
        >
          {Vary.filter((way) => way !== "rate" || session.can("rate")).map((way) => (
            <option key={way} value={way}>
              by {wayText(way, session)}
            </option>
          ))}
        </select>
        <button type="submit" class="button small" disabled={asking}>
          Find
        </button>
      </form>
      <Trouble>{fault.value}</Trouble>
      {quote.roll && (
        <Rolled roll={quote.roll} programmeId={quote.lender_rules?.programme_id ?? null} session={session} />
      )}
    </section>
  );
}

interface RolledProps {
  roll: QuoteRoll;
  /** The program of the contract that was rolled: another one has another payment. */
  programmeId: string | null;
  session: DealSession;
}

function Rolled({ roll, programmeId, session }: RolledProps) {
  const { formats } = useSurroundings();
  const out = `No structure reaches ${formats.cents(roll.asked_cents)} by ${wayText(roll.vary, session)}. ${roll.message ?? ""}`;
  const structure = session.model.value?.deal.structure ?? {};
  const changes = Object.entries(flattened(roll.changes))
    .filter(([field]) => parts(field)?.field !== null)
    .map(([field, value]) => `${fieldLabel(field)} ${describeValue(field, value, formats)}`);
  const reached = `${formats.list(changes)}: ${formats.cents(roll.payment_cents ?? roll.asked_cents)}`;
  useSaid(roll.reached ? reached : out, "roll");
  if (!roll.reached) return <p class="hint">{out}</p>;
  return (
    <p class="hint">
      {formats.list(changes)}: <b>{formats.cents(roll.payment_cents ?? roll.asked_cents)}</b>
      {roll.last_payment_cents !== null &&
        roll.last_payment_cents !== roll.payment_cents &&
        ` (last ${formats.cents(roll.last_payment_cents)})`}{" "}
      <button
        type="button"
        class="link"
        onClick={() => session.pencil.pick({ changes: financed(structure, roll.changes), programmeId })}
      >
        Show
      </button>
    </p>
  );
}
