import type { DealSession } from "../../deal/session";
import { type FieldSpec, tradeFields } from "../../deal/terms/fields";
import {
  hasFlatTrade,
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
import { openFold } from "./fold";
import { StructureField } from "./structure-field";
import { type KeptLines, NewLines, TakenOut } from "./use-kept";

type Trades = KeptLines<ShownTrade>;

interface Props {
  session: DealSession;
  structure: Record<string, unknown>;
  /** The fields of a trade without a record, as older clients make it. */
  flat: FieldSpec[];
  /** Whether the structure can be edited; of a submitted deal only the cash value can. */
  open: boolean;
  trades: Trades;
}

const TRADE_ID_CHARACTERS = 8;

/** The trades: each with its car, what it brings and what is owed on it; or the way to enter one. */
export function TradeSection({ session, structure, flat, open, trades }: Props) {
  const unrecorded = hasFlatTrade(structure);
  const [allowance, payoff] = [Number(structure.trade_allowance_cents ?? 0), Number(structure.payoff_cents ?? 0)];
  return (
    <>
      {trades.shown.map(({ item, gone }) => (
        <OneTrade
          key={item.id}
          trade={item}
          gone={gone}
          session={session}
          structure={structure}
          open={open && !gone}
          release={trades.release}
        />
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
          <Equity {...{ allowance, payoff, structure }} until={structure.payoff_good_through} />
        </>
      )}
      {/* One line, whatever there is to say or to do. */}
      <div class="fold-end">
        <NewLines lines={trades} />
        {trades.fresh > 0 ? null : trades.shown.length > 1 ? (
          <EquityLine
            label=" of both"
            cents={
              allowance - tradesOf(structure).reduce((sum, trade) => sum + payoffOn(trade, payoffDay(structure)), 0)
            }
          />
        ) : (
          open && (
            <button type="button" class="button small" onClick={() => addTrade(session, structure, trades)}>
              {unrecorded ? "Enter the car" : "Add a second trade"}
            </button>
          )
        )}
      </div>
    </>
  );
}

/** The line of a deal without a trade: a press enters one. */
export function AddTrade({ session, structure, open, trades }: Omit<Props, "flat">) {
  return (
    <div class="fold no-trade">
      <span class="fold-title">Trade</span>
      <NewLines lines={trades} />
      {trades.fresh > 0 ? null : open ? (
        <button type="button" class="link" onClick={() => addTrade(session, structure, trades)}>
          Add a trade
        </button>
      ) : (
        <span class="quiet">None</span>
      )}
    </div>
  );
}

function addTrade(session: DealSession, structure: Record<string, unknown>, trades: Trades): void {
  openFold("trade");
  trades.release();
  session.terms.editAll(newTrade(newOp().slice(0, TRADE_ID_CHARACTERS), structure));
}

interface OneProps extends Omit<Props, "flat" | "trades"> {
  trade: ShownTrade;
  /** Somebody else took it off the deal. */
  gone: boolean;
  release(): void;
}

function OneTrade({ trade, gone, session, structure, open, release }: OneProps) {
  const name = tradeName(trade);
  return (
    <section class="trade" aria-label={name}>
      <header>
        <h3>
          <bdi>{name}</bdi>
        </h3>
        {gone && <TakenOut clear={release} />}
        {open && isRemovable(trade) && (
          <button
            type="button"
            class="link"
            aria-label={`Remove ${name}`}
            onClick={() => {
              release();
              session.terms.edit(tradeField(trade.id), false);
            }}
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
            open={open || (!gone && spec.field.endsWith(".acv_cents"))}
          />
        ))}
      </div>
      <Equity
        allowance={trade.allowance_cents}
        payoff={payoffOn(trade, payoffDay(structure))}
        stated={trade.payoff_cents}
        until={trade.payoff_good_through}
        structure={structure}
      />
    </section>
  );
}

/** Whether the desk has appraised the car, the way to ask for it, and what counts meanwhile: always two lines. */
function Appraisal({ trade, session }: { trade: ShownTrade; session: DealSession }) {
  const appraised = isAppraised(trade);
  if (appraised === null) return null;
  const tasks = session.model.value?.deal.tasks ?? [];
  const requested = tasks.some((task) => task.trade_id === trade.id && task.done_by === null);
  const subject = `appraisal:${trade.id}`;
  const trouble = session.desk.troubles.value.get(subject);
  return (
    <div class="appraisal">
      <span class={`chip state-${appraised ? "approved" : "submitted"}`}>
        {appraised ? "Appraised" : "Not appraised"}
      </span>
      {appraised ? null : requested ? (
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
      <p class="hint">{appraised ? "It counts at its cash value." : "Until then it counts at its allowance."}</p>
      <Trouble>{trouble?.message}</Trouble>
    </div>
  );
}

interface EquityProps {
  allowance: number;
  payoff: number;
  /** The payoff without per diem. */
  stated?: number;
  /** Until when the payoff is good. */
  until: unknown;
  structure: Record<string, unknown>;
}

/** What is owed on the day of the contract, and what is left of the allowance then: always the same lines. */
function Equity({ allowance, payoff, stated = payoff, until, structure }: EquityProps) {
  const { formats } = useSurroundings();
  const late = typeof until === "string" && payoff > 0 && until < payoffDay(structure);
  return (
    <>
      <p class="sum payoff">
        {late ? (
          <span class="expired">Payoff quote ran out on {formats.day(until)}: ask the lienholder for a new one</span>
        ) : (
          <span>Payoff{payoff > stated && ` with ${formats.cents(payoff - stated)} of per diem`}</span>
        )}
        <span>{formats.cents(payoff)}</span>
      </p>
      <EquityLine cents={allowance - payoff} />
    </>
  );
}

function EquityLine({ cents, label = "" }: { cents: number; label?: string }) {
  const { formats } = useSurroundings();
  return (
    <p class="sum">
      {/* Other words are another text: no part of it moves. */}
      <span key={cents < 0}>
        {cents < 0 ? "Negative equity" : "Equity"}
        {label || (cents < 0 && <small> is financed</small>)}
      </span>
      <output aria-live="off" class={cents < 0 ? "negative" : ""}>
        {formats.cents(cents)}
      </output>
    </p>
  );
}
