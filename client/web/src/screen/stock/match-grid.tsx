import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { DealSession } from "../../deal/session";
import { reachText } from "../../deal/stock/best";
import { type Column, columnsFor, inRem, nextOrder } from "../../deal/stock/columns";
import type { Grid, GridPicture } from "../../deal/stock/grid";
import { underTarget, VALUE_KEYS } from "../../deal/stock/ranking";
import { LEADERS, LEAST_MOVE } from "../../deal/stock/turnover";
import { useRem } from "../parts/rem";
import { useSurroundings } from "../parts/surroundings";
import { GridRow, rowId } from "./grid-row";
import { GridState } from "./grid-state";
import { Openings } from "./openings";
import { useVirtualRows } from "./virtual-rows";

/** The heights of a row and of the grid's head, as in styles/base/tokens.css. */
const ROW_REM = 1.875;
const HEAD_REM = 2;
const TURNS = `If losses rise, these offers leave or join the top ${LEADERS}, or move by a tenth of all offers (at least ${LEAST_MOVE} places). Show the next one`;

/** The cars that fit, virtualised: rows never move under the pointer unless the person asks for a new order. */
export function MatchGrid({ session }: { session: DealSession }) {
  const { formats } = useSurroundings();
  const view = session.view.value;
  const { grid } = session;
  const picture = grid.picture.value;
  const selected = grid.selected.value;
  const scope = session.model.value?.deal.structure.scope === "group" ? "group" : "store";
  const columns = useMemo(() => columnsFor(view, scope, session.scores), [view, scope, session.scores]);
  const scroller = useRef<HTMLDivElement>(null);
  const rem = useRem();
  const virtual = useVirtualRows({
    count: picture.shown.length,
    rowHeight: ROW_REM * rem,
    headHeight: HEAD_REM * rem,
    scroller,
  });
  const tracks = columns.map((column) => column.track).join(" ");
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  useEngagement(scroller, grid);
  useEffect(() => void scroller.current?.scrollTo({ top: 0 }), [grid]);

  function onKeyDown(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / (ROW_REM * rem)) - 2);
    const next = destination(event.key, picture, selected, page);
    if (event.key.toLowerCase() === "r" && !event.metaKey && !event.ctrlKey) grid.settle();
    else if (next === null) return;
    else {
      grid.selected.value = picture.rows[picture.shown[next]!]!.vehicle_id;
      virtual.scrollToIndex(next);
    }
    event.preventDefault();
  }

  function nextTurned(): void {
    const at = picture.shown.findIndex((place) => picture.rows[place]!.vehicle_id === selected);
    const flagged = picture.shown.flatMap((place, i) => (picture.ranks[place]?.turns ? [i] : []));
    const next = flagged.find((i) => i > at) ?? flagged[0];
    if (next === undefined) return;
    grid.select(picture.rows[picture.shown[next]!]!.vehicle_id);
    virtual.scrollToIndex(next);
  }

  return (
    <div class="grid-frame">
      <div
        data-search={session.model.value?.search?.search_id}
        class={`grid ${picture.stale ? "stale" : ""}`}
        ref={scroller}
        role="grid"
        tabIndex={0}
        aria-label="Cars and their best offers"
        aria-rowcount={picture.shown.length + 1}
        aria-colcount={columns.length}
        aria-busy={picture.settled < picture.matched || picture.stale}
        aria-activedescendant={selected ? rowId(selected) : undefined}
        onKeyDown={onKeyDown}
      >
        <GridHead columns={columns} grid={grid} tracks={tracks} width={width} />
        <div
          class="grid-body"
          role="rowgroup"
          style={{ height: `${virtual.getTotalSize()}px`, minWidth: inRem(width) }}
        >
          {virtual.getVirtualItems().map((item) => {
            const row = picture.rows[picture.shown[item.index] ?? -1];
            return (
              row && (
                <GridRow
                  key={row.vehicle_id}
                  row={row}
                  under={underTarget(row, picture.leastPayment)}
                  rank={picture.ranks[picture.shown[item.index] ?? -1] ?? null}
                  index={item.index}
                  top={item.start}
                  columns={columns}
                  tracks={tracks}
                  formats={formats}
                  selected={row.vehicle_id === selected}
                  select={grid.select}
                />
              )
            );
          })}
        </div>
      </div>
      {picture.shown.length === 0 && <GridState session={session} />}
      <Openings session={session} />
      <GridFoot session={session} picture={picture} nextTurned={nextTurned}>
        <BetterPill
          picture={picture}
          settle={() => {
            grid.settle();
            scroller.current?.scrollTo({ top: 0 });
          }}
        />
      </GridFoot>
    </div>
  );
}

interface HeadProps {
  columns: Column[];
  grid: Grid;
  tracks: string;
  width: number;
}

function GridHead({ columns, grid, tracks, width }: HeadProps) {
  const { order } = grid.picture.value;
  return (
    <div class="grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks, minWidth: inRem(width) }}>
      {columns.map((column) => {
        const direction = order.key !== column.key ? "none" : order.descending ? "descending" : "ascending";
        return (
          <div key={column.key} role="columnheader" aria-sort={direction} class={column.number ? "number" : ""}>
            <button type="button" tabIndex={-1} onClick={() => grid.sortBy(nextOrder(order, column.key))}>
              {column.label}
              <span class={`arrow ${direction}`} aria-hidden="true" />
            </button>
          </div>
        );
      })}
    </div>
  );
}

function BetterPill({ picture, settle }: { picture: GridPicture; settle(): void }) {
  const { formats } = useSurroundings();
  if (picture.better === 0 || picture.stale) return null;
  const { better, order } = picture;
  const what = VALUE_KEYS.has(order.key)
    ? `better ${better === 1 ? "offer" : "offers"}`
    : better === 1
      ? "car to re-sort"
      : "cars to re-sort";
  return (
    <button type="button" class="pill" onClick={settle}>
      ↑ {formats.count(better)} {what}
    </button>
  );
}

interface FootProps {
  session: DealSession;
  picture: GridPicture;
  nextTurned(): void;
  children: ComponentChildren;
}

function GridFoot({ session, picture, nextTurned, children }: FootProps) {
  const { formats } = useSurroundings();
  const search = session.model.value?.search;
  const { shown, matched, settled, failed, turned } = picture;
  return (
    <div class="grid-foot">
      <span role="status">
        {search &&
          (picture.stale
            ? "Searching again…"
            : `${shown.length === matched ? "" : `${formats.count(shown.length)} shown · `}${reachText({ matched, settled, reason: search.reason }, formats)}`)}
        {failed > 0 && ` · ${formats.count(failed)} could not be valued`}
        {search?.reason === "cancelled" && " · search stopped"}
      </span>
      {turned > 0 && (
        <button type="button" class="link" title={TURNS} onClick={nextTurned}>
          {formats.count(turned)} {turned === 1 ? "rank change" : "rank changes"} under stress
        </button>
      )}
      {children}
      {search?.next && search.reason === "limit" && (
        <button type="button" class="button small" onClick={() => session.searching.more()}>
          Load more cars
        </button>
      )}
      {search && search.reason === null && (
        <button type="button" class="link" onClick={() => session.searching.cancel()}>
          Stop
        </button>
      )}
    </div>
  );
}

/**
 * Tells the grid whether the person is in it: moving the pointer there, with the focus in it, or scrolled down. A
 * pointer that merely rests where the grid appeared does not count.
 */
function useEngagement(scroller: { current: HTMLDivElement | null }, grid: Grid): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let pointed = false;
    const update = () =>
      (grid.engaged.value = pointed || element.contains(document.activeElement) || element.scrollTop > 0);
    const listeners: Record<string, (event: Event) => void> = {
      pointermove: (event) => {
        const { movementX, movementY } = event as PointerEvent;
        pointed ||= movementX !== 0 || movementY !== 0;
        update();
      },
      pointerleave: () => {
        pointed = false;
        update();
      },
      focusin: update,
      focusout: update,
      scroll: update,
    };
    for (const [name, listener] of Object.entries(listeners))
      element.addEventListener(name, listener, { passive: true });
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
    };
  }, [grid]);
}

/** Returns the index of the row that a key leads to, or null for a key that leads nowhere. */
function destination(key: string, picture: GridPicture, selected: string | null, page: number): number | null {
  const last = picture.shown.length - 1;
  if (last < 0) return null;
  const at = picture.shown.findIndex((place) => picture.rows[place]!.vehicle_id === selected);
  const targets: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? 0 : at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: last,
  };
  const target = targets[key];
  return target === undefined ? null : Math.min(last, Math.max(0, target));
}
