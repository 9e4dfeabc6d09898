import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { SearchProgress } from "../../../deal/model/state";
import type { DealSession } from "../../../deal/session";
import { duration } from "../../../text/format";
import { useSurroundings } from "../../parts/surroundings";
import { TracePlace, TracePopover } from "../trace-popover";

const TICK_MS = 100;

/** What the search read, matched and valued, how long it took, and where that time went. */
export function Progress({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const search = session.model.value?.search;
  const { matched, settled, failed, stale } = session.grid.picture.value;
  const counts: [string, string][] = [
    ["Scanned", search ? scannedText(search, formats.count) : "–"],
    ["Matched", formats.count(stale ? 0 : matched)],
    ["Valued", formats.count(stale ? 0 : settled - failed)],
  ];
  return (
    <div class="search-progress">
      <dl class="counts" aria-label="Search progress">
        {counts.map(([name, value]) => (
          <div key={name} class={name.toLowerCase()}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div class="time">
          <dt>Time</dt>
          <dd>{search ? <Elapsed search={search} /> : "–"}</dd>
        </div>
      </dl>
      <span
        class="visually-hidden"
        role="progressbar"
        aria-label="Cars valued"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(valuedOf(session).done * 100)}
      />
      {search ? <TracePopover search={search} painted={session.paint.spans(search.search_id)} /> : <TracePlace />}
    </div>
  );
}

function scannedText(search: SearchProgress, count: (value: number) => string): string {
  if (search.scanned > 0 || search.reason !== null) return count(search.scanned);
  return search.estimate === null ? "…" : `of ~${count(search.estimate)}`;
}

/** Time since the search began: by this machine's clock while it runs, by the server's when all is valued. */
function Elapsed({ search }: { search: SearchProgress }) {
  const elapsed = useSignal(0);
  const running = search.began !== null && search.finished === null && !stopped(search);
  useEffect(() => {
    if (!running) return;
    const began = performance.now();
    elapsed.value = 0;
    const timer = setInterval(() => (elapsed.value = performance.now() - began), TICK_MS);
    return () => clearInterval(timer);
  }, [running, search.search_id]);
  if (search.began === null) return <>–</>;
  if (search.finished !== null) return <>{duration(search.finished - search.began)}</>;
  return <>{duration(elapsed.value)}</>;
}

function stopped(search: SearchProgress): boolean {
  return search.reason === "failed" || search.reason === "cancelled" || search.reason === "superseded";
}

/** Whether cars are being found and valued, and how far that is, from 0 to 1. */
function valuedOf(session: DealSession): { running: boolean; done: number } {
  const search = session.model.value?.search;
  const { matched, settled, stale } = session.grid.picture.value;
  const running = search !== null && search !== undefined && !search.valued && !stopped(search);
  const whole = Math.max(1, search?.reason ? matched : Math.max(matched, search?.estimate ?? 0));
  return { running, done: stale ? 0 : settled / whole };
}

/** The progress for the eye, as a line. */
export function ProgressBar({ session }: { session: DealSession }) {
  const { running, done } = valuedOf(session);
  return (
    <div class={`progress ${running ? "running" : ""}`} aria-hidden="true">
      <div style={{ transform: `scaleX(${running ? Math.max(0.03, done) : 1})` }} />
    </div>
  );
}
