import type { DealSession } from "../../../deal/session";
import { parseMoney } from "../../../text/parse";
import type { QuoteReply } from "../../../wire";
import { DraftInput } from "../../parts/draft-input";
import { useSurroundings } from "../../parts/surroundings";

const BEST = "best per cell";
const LEAST_STEP_CENTS = 1_000;

/** Above the grid: whose program it shows, and how far its columns are apart. */
export function GridSelector({ quote, session }: { quote: QuoteReply; session: DealSession }) {
  const { formats } = useSurroundings();
  const { grid } = quote;
  const { pencil } = session;
  const lenders = grid.lenders ?? [];
  const shown = grid.programme_id ?? BEST;
  return (
    <div class="grid-selector">
      {lenders.length > 0 && (
        <label for="grid-lender">
          <select
            id="grid-lender"
            aria-label="Grid of lender"
            value={shown}
            onChange={(event) => {
              const value = event.currentTarget.value;
              pencil.turnGrid({ best: value === BEST, programmeId: value === BEST ? null : value });
            }}
          >
            {lenders.map((each) => (
              <option key={each.programme_id} value={each.programme_id}>
                {each.lender} {formats.percent(each.rate_bp)}
              </option>
            ))}
            <option value={BEST}>Best lender per cell</option>
          </select>
        </label>
      )}
      <label for="grid-step">
        <span>Columns every</span>
        <span class="amount dollars">
          <DraftInput<number>
            id="grid-step"
            value={grid.step_cents ?? 0}
            served={true}
            show={(cents) => formats.count(cents / 100)}
            parse={(text) => {
              const parsed = parseMoney(text, formats);
              if (!parsed.ok) return parsed;
              if (parsed.value === null || parsed.value < LEAST_STEP_CENTS) {
                return { ok: false, message: `Enter at least ${formats.dollars(LEAST_STEP_CENTS)}.` };
              }
              return { ok: true, value: parsed.value };
            }}
            commit={(cents) => pencil.turnGrid({ stepCents: cents })}
          />
        </span>
      </label>
    </div>
  );
}
