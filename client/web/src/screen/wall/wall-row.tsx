import { type ReadonlySignal, useComputed } from "@preact/signals";
import { LENDER_STATUSES, reasonText, TASKS } from "../../deal/model/words";
import { signed } from "../../text/format";
import { briefLender, initialsOf } from "../../text/readable";
import { paidText, type Summary, since, sparkline, standingOf, waitText } from "../../wall/fold";
import type { SectionName } from "../../wall/sections";
import type { DueTask, LenderStatus, Present } from "../../wire";
import { memo } from "../parts/memo";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";

const LONG_WAIT_MS = 10 * 60_000;
const TREND_WIDTH = 48;
const TREND_HEIGHT = 16;

interface Props {
  deal: Summary;
  task: DueTask | null;
  section: SectionName;
  itemKey: string;
  gone: boolean;
  open: boolean;
  people: readonly Present[] | undefined;
  now: ReadonlySignal<number>;
  today: string;
  toggle(key: string): void;
}

/** One deal of the wall. It is drawn again only when it changed; its wait ticks by itself. */
export const WallRow = memo(function Row({
  deal,
  task,
  section,
  itemKey,
  gone,
  open,
  people,
  now,
  today,
  toggle,
}: Props) {
  const { formats } = useSurroundings();
  const paid = paidText(deal, formats);
  const cash = deal.cash_down_cents;
  return (
    <div role="row" class={`wall-row ${open ? "open" : ""} ${gone ? "gone" : ""}`} data-deal={deal.deal_id}>
      <Wait deal={deal} section={section} now={now} />
      <div role="cell" class="cell-customer">
        <button
          type="button"
          class="row-opener"
          data-row={itemKey}
          aria-expanded={open}
          aria-controls={open ? `open-${itemKey}` : undefined}
          onClick={() => toggle(itemKey)}
        >
          <bdi>{deal.customer}</bdi>
        </button>
        <span class={`second ${deal.contended ? "late" : deal.accepted_at ? "accepted" : ""}`}>
          {deal.contended ? (
            "Car in another deal"
          ) : deal.accepted_at ? (
            "Customer accepted"
          ) : (
            <>
              <span class="visually-hidden">deal </span>
              {deal.deal_id.slice(0, 8)}
            </>
          )}
        </span>
      </div>
      <div role="cell" class="cell-car">
        <bdi class="first" title={deal.car ?? undefined}>
          {deal.car ?? <span class="quiet">No car yet</span>}
        </bdi>
        <span class="second">{deal.stock_no}</span>
      </div>
      <div role="cell" class="cell-pay number">
        <b class="first">{paid ?? <span class="quiet">–</span>}</b>
        <span class="second">{cash == null || deal.kind === "cash" ? "" : `${formats.dollars(cash)} down`}</span>
      </div>
      <Npv deal={deal} />
      <Lender deal={deal} />
      <Reason deal={deal} task={task} section={section} gone={gone} today={today} />
      <Who deal={deal} people={people} />
    </div>
  );
});

function Wait({ deal, section, now }: Pick<Props, "deal" | "section" | "now">) {
  const { formats } = useSurroundings();
  const began = since(deal);
  const text = useComputed(() => waitText(now.value - began));
  const look = useComputed(() => {
    const long = section === "waiting" && now.value - began > LONG_WAIT_MS;
    return `cell-wait number ${long ? "long-wait" : ""}`;
  });
  return (
    <div role="cell" class={look}>
      <span class="first">{text}</span>
      <span class="second">{began > 0 && formats.clock(deal.waiting_since ?? "")}</span>
    </div>
  );
}

function Npv({ deal }: { deal: Summary }) {
  const { formats } = useSurroundings();
  const { npv_cents: npv, npv_history: history = [] } = deal;
  const [last, before] = [history.at(-1), history.at(-2)];
  const moved = last !== undefined && last === npv && before !== undefined ? last - before : 0;
  const points = sparkline(history, TREND_WIDTH, TREND_HEIGHT);
  return (
    <div role="cell" class="cell-npv number">
      <span class={`first ${npv != null && npv < 0 ? "negative" : ""}`}>
        {npv == null ? <span class="quiet">–</span> : formats.dollars(npv)}
      </span>
      <span class="second">{moved !== 0 && signed(moved, formats.dollars)}</span>
      {points !== "" && (
        <svg
          class="trend"
          viewBox={`-1 -1 ${TREND_WIDTH + 2} ${TREND_HEIGHT + 2}`}
          role="img"
          aria-label={`NPV of the last offers: ${formats.list(history.map(formats.dollars))}`}
        >
          <polyline points={points} />
        </svg>
      )}
    </div>
  );
}

function Lender({ deal }: { deal: Summary }) {
  const { lender, lender_status: status, stipulations_total: total = 0, stipulations: open = [] } = deal;
  const words = status ? LENDER_STATUSES[status as LenderStatus] : null;
  return (
    <div role="cell" class="cell-lender">
      <bdi class="first" title={lender ?? undefined}>
        {lender ? briefLender(lender) : <span class="quiet">–</span>}
      </bdi>
      <span class="second" title={open.length > 0 ? open.join(", ") : undefined}>
        {total > 0 ? `${total - open.length}/${total} stips` : words}
      </span>
    </div>
  );
}

function Reason({ deal, task, section, gone, today }: Pick<Props, "deal" | "task" | "section" | "gone" | "today">) {
  const { formats } = useSurroundings();
  const { stipulations: open = [], last_reason: reason, reason_by: by } = deal;
  const standing = standingOf(deal);
  const chip = deal.state && <StateChip state={deal.state} fulfilment={deal.fulfilment ?? null} />;
  if (task) {
    const late = task.due_on <= today;
    return (
      <div role="cell" class="cell-reason">
        <span class="first">{TASKS[task.kind]}</span>
        <span class={`second ${late ? "late" : ""}`}>
          {late ? "Due" : "By"} {formats.day(task.due_on)}
        </span>
      </div>
    );
  }
  if (section === "stips") {
    return (
      <div role="cell" class="cell-reason">
        <bdi class="first" title={open.join(", ")}>
          {open[0]}
        </bdi>
        <span class="second">{open.length > 1 ? `and ${open.length - 1} more` : ""}</span>
      </div>
    );
  }
  const words = reason ? reasonText(reason) : null;
  if (section === "waiting" && !gone) {
    return (
      <div role="cell" class="cell-reason">
        <span class="first" title={words ?? undefined}>
          {words ?? <span class="quiet">–</span>}
        </span>
        <span class="second">{by && <bdi>{by}</bdi>}</span>
      </div>
    );
  }
  return (
    <div role="cell" class="cell-reason">
      {/* Another state is another line: what stands behind the chip does not move. */}
      <span class="first" key={`${deal.state} ${deal.fulfilment}`}>
        {chip} {gone && standing !== "submitted" && by && <bdi class="quiet">by {by}</bdi>}
      </span>
      <span class="second" title={words ?? undefined}>
        {words}
      </span>
    </div>
  );
}

/** The salesperson, and who has the deal open now. */
function Who({ deal, people = [] }: { deal: Summary; people: readonly Present[] | undefined }) {
  return (
    <div role="cell" class="cell-people">
      <bdi class="first">{deal.salesperson?.name}</bdi>
      <span class="second who-dots">
        {people.map((person) => (
          <span key={person.user_id} class="who-dot" title={`${person.name} has this deal open`}>
            <span aria-hidden="true">{initialsOf(person.name)}</span>
            <span class="visually-hidden">{person.name} has it open</span>
          </span>
        ))}
      </span>
    </div>
  );
}
