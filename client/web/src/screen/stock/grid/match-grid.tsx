import { useEffect, useMemo, useRef } from "preact/hooks";
import { isOpen } from "../../../deal/desk/steps";
import type { DealSession } from "../../../deal/session";
import { isOver } from "../../../deal/stock/best";
import { type Column, inRem } from "../../../deal/stock/columns";
import { underTarget } from "../../../deal/stock/order/order";
import { useSurroundings } from "../../parts/surroundings";
import { Openings } from "../openings";
import { useEngagement } from "./engagement";
import { GridFoot } from "./grid-foot";
import { GridHead } from "./grid-head";
import { GridRow } from "./grid-row";
import { GridState } from "./grid-state";
import { useHeights } from "./row-height";
import type { RowActions } from "./row-tools";
import { useCommands } from "./use-commands";
import { useCursor } from "./use-cursor";
import { useGridSaid } from "./use-said";
import { useVirtualRows } from "./virtual-rows";

/** The cars that fit, virtualised: rows never move under the pointer unless the person asks for a new order. */
export function MatchGrid({ session, columns }: { session: DealSession; columns: readonly Column[] }) {
  const { grid } = session;
  const picture = grid.picture.value;
  const search = session.model.value?.search;
  const scroller = useRef<HTMLDivElement>(null);
  const rule = useRef<HTMLDivElement>(null);
  const heights = useHeights(rule);
  const extent = { count: picture.shown.length, rowHeight: heights.row, headHeight: heights.head };
  const scrolled = useEngagement(scroller, grid);
  const virtual = useVirtualRows(scroller, extent, scrolled);
  useGridSaid(session, columns);
  const cursor = useCursor(scroller, grid, columns.length, virtual.show);
  const commands = useCommands(session, cursor, virtual.show);
  useEffect(() => void scroller.current?.scrollTo({ top: 0 }), [grid, grid.top.value]);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const known = isOver({ ...picture, reason: search?.reason ?? null }) && !picture.stale;
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / heights.row) - 2);

  return (
    <div class="grid-frame">
      <div class="grid-place">
        <div class="grid-rule" ref={rule} aria-hidden="true" />
        <div
          data-search={search?.search_id}
          class={`grid ${picture.stale ? "stale" : ""}`}
          ref={scroller}
          role="grid"
          tabIndex={-1}
          aria-label="Cars and their best offers"
          aria-rowcount={known ? picture.shown.length + 1 : -1}
          aria-colcount={columns.length}
          aria-busy={picture.settled < picture.matched || picture.stale}
          aria-keyshortcuts="P C S R"
          style={{ "--row-height": `${heights.row}px`, "--row-width": inRem(width) }}
          onClick={commands.click}
          onKeyDown={(event) => commands.keyDown(event, page)}
        >
          <Rows session={session} columns={columns} virtual={virtual} cursor={cursor} rowHeight={heights.row} />
        </div>
        {picture.shown.length === 0 && <GridState session={session} />}
      </div>
      <Openings session={session} />
      <GridFoot session={session} nextTurned={commands.nextTurned} />
    </div>
  );
}

interface RowsProps {
  session: DealSession;
  columns: readonly Column[];
  virtual: ReturnType<typeof useVirtualRows>;
  cursor: ReturnType<typeof useCursor>;
  rowHeight: number;
}

/** The head, the rows in sight, and the one that has the keyboard: it keeps the focus when it is scrolled away. */
function Rows({ session, columns, virtual, cursor, rowHeight }: RowsProps) {
  const { formats } = useSurroundings();
  const { grid } = session;
  const picture = grid.picture.value;
  const selected = grid.selected.value;
  const tracks = useMemo(() => columns.map((column) => column.track).join(" "), [columns]);
  const actions = useActions(session);
  const pins = new Set(session.model.value?.deal.pins.map((offer) => offer.vehicle_id));
  const marked = new Set(grid.marks.marked.value.map((mark) => mark.vehicleId));
  const { cell } = cursor;
  const indices = Array.from({ length: virtual.end - virtual.first }, (_, i) => virtual.first + i);
  if (cell.row >= virtual.end) indices.push(cell.row);
  else if (cell.row >= 0 && cell.row < virtual.first) indices.unshift(cell.row);
  return (
    <>
      <GridHead columns={columns} grid={grid} tracks={tracks} cursor={cell.row < 0 ? cell.column : null} />
      <div class="grid-body" role="rowgroup" style={{ height: `${virtual.total}px` }}>
        {indices.map((index) => {
          const place = picture.shown[index] ?? -1;
          const row = picture.rows[place];
          return (
            row && (
              <GridRow
                key={row.vehicle_id}
                row={row}
                under={underTarget(row, picture.leastPayment)}
                rank={picture.ranks.at(place)}
                share={shareOf(row.npv_cents, picture.scale)}
                index={index}
                top={index * rowHeight}
                columns={columns}
                tracks={tracks}
                formats={formats}
                selected={row.vehicle_id === selected}
                pinned={pins.has(row.vehicle_id)}
                marked={marked.has(row.vehicle_id)}
                cursor={index === cell.row ? cell.column : null}
                actions={actions}
              />
            )
          );
        })}
      </div>
    </>
  );
}

function shareOf(npv: number | null, scale: number): number {
  return npv === null || npv <= 0 || scale === 0 ? 0 : Math.min(1, Math.round((100 * npv) / scale) / 100);
}

/** What this person may do in a row. The same object as long as that does not change: rows are drawn again else. */
function useActions(session: DealSession): RowActions {
  const deal = session.model.value?.deal;
  const pin = session.can("select") && deal !== undefined && isOpen(deal);
  return useMemo(() => ({ pin, compare: true, retry: true }), [pin]);
}
