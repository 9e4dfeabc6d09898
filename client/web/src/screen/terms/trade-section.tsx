import type { DealSession } from "../../deal/session";
import { type FieldSpec, tradeFields } from "../../deal/terms/fields";
import {
  hasFlatTrade,
  hasRoom,
  isAppraised,
  isRemovable,
  newTrade,
  payoffDay,
  payoffOn,
  type ShownTrade,
  tradeField,
  tradeName,
  tradesOf,
} from "../../deal/terms/trades";
import { newOp } from "../../text/op";
import { useSurroundings } from "../parts/surroundings";
import { Trouble } from "../parts/trouble";
import { HereMark } from "./field-marks";
import { openFold } from "./fold";
import { StructureField } from "./structure-field";

interface Props {
  session: DealSession;
  structure: Record<string, unknown>;
  /** The fields of a trade without a record, as older clients make it. */
  flat: FieldSpec[];
  /** Whether the structure can be edited; of a submitted deal only the cash value can. */
  open: boolean;
}

const TRADE_ID_CHARACTERS = 8;

/** The trades: each with its car, what it brings and what is owed on it; or the way to enter one. */
export function TradeSection({ session, structure, flat, open }: Props) {
  const trades = tradesOf(structure);
  const unrecorded = hasFlatTrade(structure);
  const [allowance, payoff] = [Number(structure.trade_allowance_cents ?? 0), Number(structure.payoff_cents ?? 0)];
  const elsewhere = session.here.value.find((one) => one.focus === "trades" && one.user_id !== session.user.value?.id);
  return (
    <>
      {elsewhere && <HereMark name={elsewhere.name} />}
      {trades.map((trade) => (
        <OneTrade key={trade.id} trade={trade} session={session} structure={structure} open={open} />
      ))}
      {unrecorded && (
        <>
          <div class="fields">
            {flat.map((spec) => (
              <StructureField
                key={spec.field}
                spec={spec}
                session={session}
                served={structure[spec.field]}
                open={open || spec.field === "trade_acv_cents"}
              />
            ))}
          </div>
          <Equity allowance={allowance} payoff={payoff} />
          <Expired until={structure.payoff_good_through} payoff={payoff} structure={structure} />
        </>
      )}
      {trades.length > 1 && (
        <Equity
          label="all trades"
          allowance={allowance}
          payoff={trades.reduce((sum, trade) => sum + payoffOn(trade, payoffDay(structure)), 0)}
        />
      )}
      {open && hasRoom(structure) && (
        <button type="button" class="button small" onClick={() => addTrade(session, structure)}>
          {unrecorded ? "Enter the car" : "Add a second trade"}
        </button>
      )}
    </>
  );
}

/** The line of a deal without a trade: a press enters one. */
export function AddTrade({ session, structure, open }: Omit<Props, "flat">) {
  return (
    <div class="fold no-trade">
      <span class="fold-title">Trade</span>
      {open ? (
        <button type="button" class="link" onClick={() => addTrade(session, structure)}>
          Add a trade
        </button>
      ) : (
        <span class="quiet">None</span>
      )}
    </div>
  );
}

function addTrade(session: DealSession, structure: Record<string, unknown>): void {
  openFold("trade");
  session.terms.editAll(newTrade(newOp().slice(0, TRADE_ID_CHARACTERS), structure));
}

function OneTrade({ trade, session, structure, open }: { trade: ShownTrade } & Omit<Props, "flat">) {
  const { formats } = useSurroundings();
  const payoff = payoffOn(trade, payoffDay(structure));
  const grown = payoff - trade.payoff_cents;
  return (
    <section class="trade" aria-label={tradeName(trade)}>
      <header>
        <h3>
          <bdi>{tradeName(trade)}</bdi>
        </h3>
        {open && isRemovable(trade) && (
          <button
            type="button"
            class="link"
            aria-label={`Remove ${tradeName(trade)}`}
            onClick={() => session.terms.edit(tradeField(trade.id), false)}
          >
            Remove
          </button>
        )}
      </header>
      <Appraisal trade={trade} session={session} />
      <div class="fields">
        {tradeFields(trade.id, trade).map((spec) => (
          <StructureField
            key={spec.field}
            spec={spec}
            session={session}
            served={trade[spec.field.slice(spec.field.lastIndexOf(".") + 1) as keyof ShownTrade]}
            open={open || spec.field.endsWith(".acv_cents")}
          />
        ))}
      </div>
      {grown > 0 && (
        <p class="hint">
          Payoff with {formats.cents(grown)} of per diem: {formats.cents(payoff)}
        </p>
      )}
      <Equity allowance={trade.allowance_cents} payoff={payoff} />
      <Expired until={trade.payoff_good_through} payoff={payoff} structure={structure} />
    </section>
  );
}

/** Whether the desk has appraised the car, and the way to ask for it. */
function Appraisal({ trade, session }: { trade: ShownTrade; session: DealSession }) {
  const appraised = isAppraised(trade);
  if (appraised === null) return null;
  if (appraised) return <span class="chip state-approved">Appraised</span>;
  const tasks = session.model.value?.deal.tasks ?? [];
  const requested = tasks.some((task) => task.trade_id === trade.id && task.done_by === null);
  const subject = `appraisal:${trade.id}`;
  const trouble = session.desk.troubles.value.get(subject);
  return (
    <div class="appraisal">
      <span class="chip state-submitted">Not appraised</span>
      {requested ? (
        <span class="quiet">Appraisal requested</span>
      ) : (
        session.can("appraisal") && (
          <button
            type="button"
            class="button small"
            disabled={session.desk.busy.value.has(subject)}
            onClick={() => session.desk.give(subject, { type: "request_appraisal", trade_id: trade.id })}
          >
            Request appraisal
          </button>
        )
      )}
      {trade.allowance_cents > 0 && <p class="hint">Until then its allowance counts as its value.</p>}
      <Trouble>{trouble?.message}</Trouble>
    </div>
  );
}

interface EquityProps {
  allowance: number;
  payoff: number;
  label?: string;
}

/** What is left of the allowance once the loan is paid off. */
function Equity({ allowance, payoff, label }: EquityProps) {
  const { formats } = useSurroundings();
  if (allowance === 0 && payoff === 0) return null;
  const equity = allowance - payoff;
  return (
    <>
      <p class="sum">
        <span>
          {equity < 0 ? "Negative equity" : "Equity"}
          {label && ` of ${label}`}
        </span>
        <output aria-live="off" class={equity < 0 ? "negative" : ""}>
          {formats.cents(equity)}
        </output>
      </p>
      {equity < 0 && (
        <p class="hint">
          The customer owes more than the trade brings: {formats.cents(-equity)} is financed with the car.
        </p>
      )}
    </>
  );
}

function Expired({ until, payoff, structure }: { until: unknown; payoff: number } & Pick<Props, "structure">) {
  const { formats } = useSurroundings();
  if (typeof until !== "string" || payoff === 0 || until >= payoffDay(structure)) return null;
  return <p class="hint warn">The payoff quote ran out on {formats.day(until)}: ask the lienholder for a new one.</p>;
}
