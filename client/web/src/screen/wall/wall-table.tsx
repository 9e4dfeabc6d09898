import { useCallback, useEffect, useLayoutEffect } from "preact/hooks";
import { QUEUE_PLACES, type ShownSection } from "../../wall/hold";
import { OpenRow } from "./open/open-row";
import { focused, focusRow } from "./wall-keys";
import { WallRow } from "./wall-row";
import type { WallView } from "./wall-view";
import { COLUMNS, SECTION_WORDS } from "./wall-words";

const SIGNS = ["pointermove", "pointerdown", "wheel", "keydown"] as const;

/** All deals in one table: the queue first, then what is still to be done about the others. */
export function WallTable({ view, loading }: { view: WallView; loading: boolean }) {
  useKeptFocus(view);
  useAttended(view);
  return (
    <div role="table" class="wall-table" aria-label="Deals" aria-busy={loading}>
      <div role="rowgroup" class="wall-columns">
        <div role="row" class="wall-row heads">
          {COLUMNS.map(({ name, title }) => (
            <div key={name} role="columnheader" class={`cell-${name}`}>
              {title}
            </div>
          ))}
        </div>
      </div>
      {/* What is beneath the queue comes with its rows. */}
      {view.shown.value
        .filter(({ name }) => name === "waiting" || !loading)
        .map((section) => (
          <Section key={`${section.name} ${view.turn.value}`} section={section} view={view} loading={loading} />
        ))}
    </div>
  );
}

/** Any key or movement says that somebody is at the wall; a tab that comes back shows it in order. */
function useAttended(view: WallView): void {
  useEffect(() => {
    const attend = () => view.attend();
    const back = () => document.visibilityState === "visible" && view.turnOver();
    for (const kind of SIGNS) addEventListener(kind, attend, { passive: true });
    document.addEventListener("visibilitychange", back);
    return () => {
      for (const kind of SIGNS) removeEventListener(kind, attend);
      document.removeEventListener("visibilitychange", back);
    };
  }, [view]);
}

/** A row that leaves with the focus gives it to the next one, and one that is drawn anew has it again. */
function useKeptFocus(view: WallView): void {
  const before = focused();
  const rows = view.shown.value;
  useLayoutEffect(() => {
    if (before !== null && document.activeElement === document.body) {
      focusRow(view.item(before) ? before : view.next(before));
    }
  }, [rows]);
}

function Section({ section, view, loading }: { section: ShownSection; view: WallView; loading: boolean }) {
  const { name, items, count, due, pending } = section;
  const words = SECTION_WORDS[name];
  const queue = name === "waiting";
  const folded = !queue && view.look.value.folded.includes(name);
  const opened = view.opened.value;
  const people = view.people.value;
  const today = view.today.value;
  const toggle = useCallback(
    (key: string) => {
      const item = view.item(key);
      if (item) view.toggle(item);
    },
    [view],
  );
  return (
    <div role="rowgroup" class={`wall-section ${name}`} aria-label={words.title}>
      <div role="row" class="section-head">
        <div role="cell" aria-colspan={COLUMNS.length}>
          <h2 {...(queue ? { id: "queue", tabIndex: -1 } : {})}>
            {queue ? (
              <span class="section-title">
                {words.title} <span class="count">{count}</span>
              </span>
            ) : (
              <button type="button" class="section-title" aria-expanded={!folded} onClick={() => view.fold(name)}>
                {words.title} <span class="count">{count}</span>
                {due > 0 && <span class="late">{due} due</span>}
              </button>
            )}
            <Pending count={pending} view={view} />
          </h2>
        </div>
      </div>
      {!folded &&
        items.map(({ key, deal, task, gone }) => {
          const open = opened?.key === key ? opened : null;
          return (
            <div key={key} role="presentation" class={`wall-item ${open ? "opened" : ""}`}>
              <WallRow
                deal={deal}
                task={task}
                section={name}
                itemKey={key}
                gone={gone}
                open={open !== null}
                people={people.get(deal.deal_id)}
                now={view.now}
                today={today}
                toggle={toggle}
              />
              {open && <OpenRow key={open.dealId} deal={deal} opened={open} view={view} />}
            </div>
          );
        })}
      {queue && <Places taken={items.length} loading={loading} words={words.empty} />}
    </div>
  );
}

/** New rows that wait, because they would move the others. */
function Pending({ count, view }: { count: number; view: WallView }) {
  return (
    <span class="pending">
      {count > 0 && (
        <button type="button" class="pill" onClick={() => view.rearrange()}>
          {count} new
        </button>
      )}
    </span>
  );
}

/** The free places of the queue: each stays where it is, so a deal that comes or goes moves nothing. */
function Places({ taken, loading, words }: { taken: number; loading: boolean; words: string }) {
  const free = Array.from({ length: Math.max(0, QUEUE_PLACES - taken) }, (_, i) => taken + i);
  return (
    <>
      {free.map((place) => (
        <div key={place} role="row" class="wall-row place" aria-hidden={place > 0}>
          <div role="cell" aria-colspan={COLUMNS.length} class="quiet">
            {loading ? <span class="skeleton wide" aria-hidden="true" /> : place === 0 && words}
          </div>
        </div>
      ))}
    </>
  );
}
