import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { LENDER_STATUSES, reasonText } from "../../deal/model/words";
import { socketAddress } from "../../live/environment";
import { follow } from "../../router";
import { others, paidText, type Summary, since, sparkline, waiting, waitText } from "../../wall/fold";
import { WallSession } from "../../wall/session";
import type { LenderStatus } from "../../wire";
import { StateChip } from "../parts/state-chip";
import { useSurroundings } from "../parts/surroundings";
import { TopBar } from "../parts/top-bar";
import { StandingMark } from "../standing/standing-mark";
import { StoreFoot } from "./store-foot";

const TICK_MS = 1_000;
const LONG_WAIT_MS = 10 * 60_000;

/** The store's live deals: what waits for the desk first, then the rest. */
export function WallPage() {
  const { user, environment } = useSurroundings();
  const session = useMemo(
    () => new WallSession(`desk:${user.store_id}`, "manager", socketAddress(location), environment),
    [user.store_id, environment],
  );
  const now = useSignal(Date.now());
  useEffect(() => {
    document.title = "Desk · Deal Architect";
    const timer = setInterval(() => (now.value = Date.now()), TICK_MS);
    return () => {
      clearInterval(timer);
      session.close();
    };
  }, [session]);

  const failure = session.failure.value;
  const rows = session.rows.value;
  const queue = waiting(rows);
  const rest = others(rows);
  const loading = session.name.value === null && !failure;
  return (
    <div class="page desk-wall">
      <TopBar>
        <h1>{session.name.value ? `${session.name.value} desk` : "Desk"}</h1>
        <StandingMark session={session} />
      </TopBar>
      {!(failure && !failure.retry) && (
        <main class="wall" aria-busy={loading}>
          <section aria-label="Waiting for the desk">
            <h2>
              Waiting for the desk <span class="quiet">{queue.length}</span>
            </h2>
            {queue.length > 0 ? (
              <WallTable deals={queue} now={now.value + session.ahead.value} />
            ) : (
              <p class="quiet nothing">{loading ? "Loading…" : "Queue clear. Submitted deals appear here at once."}</p>
            )}
          </section>
          <section aria-label="Other live deals">
            <h2>
              Other live deals <span class="quiet">{rest.length}</span>
            </h2>
            {rest.length > 0 ? (
              <WallTable deals={rest} now={now.value + session.ahead.value} />
            ) : (
              <p class="quiet nothing">{loading ? "Loading…" : "No other live deals."}</p>
            )}
          </section>
        </main>
      )}
      <StoreFoot session={session} page="wall" />
    </div>
  );
}

function WallTable({ deals, now }: { deals: Summary[]; now: number }) {
  return (
    <div class="wall-frame">
      <table class="deal-table wall-table">
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Waiting
            </th>
            <th scope="col">Salesperson</th>
            <th scope="col">Car</th>
            <th scope="col" class="number">
              Payment
            </th>
            <th scope="col" class="number">
              NPV
            </th>
            <th scope="col">Trend</th>
            <th scope="col">Lender</th>
            <th scope="col">Reason</th>
          </tr>
        </thead>
        <tbody>
          {deals.map((deal) => (
            <WallRow key={deal.deal_id} deal={deal} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function WallRow({ deal, now }: { deal: Summary; now: number }) {
  const { router, formats } = useSurroundings();
  const path = `/deals/${deal.deal_id}`;
  const waited = now - since(deal);
  const long = deal.state === "submitted" && waited > LONG_WAIT_MS;
  const { npv_cents: npv } = deal;
  const paid = paidText(deal, formats);
  return (
    <tr onClick={follow(router, path)}>
      <td>
        <a
          href={path}
          onClick={(event) => {
            event.stopPropagation();
            follow(router, path)(event);
          }}
        >
          {deal.customer}
        </a>
      </td>
      <td>
        {deal.state && <StateChip state={deal.state} fulfilment={deal.fulfilment ?? null} />}
        {deal.open_tasks ? (
          <span class="claim" title="Open tasks">
            {deal.open_tasks} open
          </span>
        ) : null}
      </td>
      <td class={`number ${long ? "long-wait" : "quiet"}`}>{waitText(waited)}</td>
      <td>{deal.salesperson?.name}</td>
      <td>
        {deal.car ? <bdi>{deal.car}</bdi> : <span class="quiet">–</span>}
        {deal.contended && (
          <span class="claim" title="Another live deal selected, pinned or holds this car">
            in another deal
          </span>
        )}
      </td>
      <td class="number">{paid ?? <span class="quiet">–</span>}</td>
      <td class={`number ${npv != null && npv < 0 ? "negative" : ""}`}>
        {npv == null ? <span class="quiet">–</span> : formats.dollars(npv)}
      </td>
      <td>
        <Trend values={deal.npv_history ?? []} />
      </td>
      <td class="quiet">
        <bdi>{deal.lender ?? "–"}</bdi>
        {deal.lender_status ? ` · ${LENDER_STATUSES[deal.lender_status as LenderStatus].toLowerCase()}` : ""}
      </td>
      <td class="step-reason" title={deal.last_reason ? reasonText(deal.last_reason) : undefined}>
        {deal.last_reason ? (
          <>
            {reasonText(deal.last_reason)}
            {deal.reason_by && (
              <span class="quiet">
                {" "}
                · <bdi>{deal.reason_by}</bdi>
              </span>
            )}
          </>
        ) : (
          <span class="quiet">–</span>
        )}
      </td>
    </tr>
  );
}

const WIDTH = 56;
const HEIGHT = 16;

/** The NPV of the deal's last offers. */
function Trend({ values }: { values: readonly number[] }) {
  const { formats } = useSurroundings();
  const points = sparkline(values, WIDTH, HEIGHT);
  if (points === "") return null;
  const label = `NPV of the last offers: ${formats.list(values.map(formats.dollars))}`;
  return (
    <svg
      class="trend"
      viewBox={`-1 -1 ${WIDTH + 2} ${HEIGHT + 2}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      <polyline points={points} />
    </svg>
  );
}
