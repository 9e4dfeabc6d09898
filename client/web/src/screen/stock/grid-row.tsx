import { OTHER, wantedText } from "../../deal/stock/claims";
import type { Column } from "../../deal/stock/columns";
import { whyNot } from "../../deal/stock/fixes";
import type { Row } from "../../deal/stock/rows";
import { rankText, type StressRank } from "../../deal/stock/turnover";
import type { Formats } from "../../text/format";
import { isolated } from "../../text/readable";
import { memo } from "./memo";

interface Props {
  row: Row;
  /** Its payment is below the payment target. */
  under: boolean;
  rank: StressRank | null;
  index: number;
  top: number;
  columns: Column[];
  tracks: string;
  formats: Formats;
  selected: boolean;
  select(vehicleId: string): void;
}

/** Returns the element id of a car's row, for `aria-activedescendant`. */
export function rowId(vehicleId: string): string {
  return `car-${vehicleId}`;
}

/** One car. Drawn again only when something of it changed. */
export const GridRow = memo(function GridRow({
  row,
  under,
  rank,
  index,
  top,
  columns,
  tracks,
  formats,
  selected,
  select,
}: Props) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keyboard, and moves the choice from row to row
    <div
      id={rowId(row.vehicle_id)}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      class={`grid-row ${selected ? "selected" : ""} is-${row.value} ${under ? "under-target" : ""} ${index % 2 ? "odd" : ""}`}
      style={{ gridTemplateColumns: tracks, transform: `translateY(${top}px)` }}
      onClick={() => select(row.vehicle_id)}
    >
      {cells(row, under, rank, columns, formats)}
    </div>
  );
});

function cells(row: Row, under: boolean, rank: StressRank | null, columns: Column[], formats: Formats) {
  const valued = columns.filter((column) => column.valued);
  const reason = row.value === "none" || row.value === "failed" ? whyNot(row, formats) : null;
  return columns.map((column, i) => {
    if (reason !== null && column.valued) {
      if (column !== valued[0]) return null;
      return (
        <div
          key={column.key}
          role="gridcell"
          aria-colindex={i + 1}
          class="why-not"
          style={{ gridColumn: `span ${valued.length}` }}
          title={reason}
        >
          {reason}
        </div>
      );
    }
    const loss = column.key.endsWith("npv_cents") && Number(row[column.key]) < 0;
    const pending = column.valued && row.value === "pending";
    const text = pending ? "" : column.text(row, formats);
    return (
      <div
        key={column.key}
        role="gridcell"
        aria-colindex={i + 1}
        title={titleOf(column, text, under)}
        class={`cell-${column.key} ${column.number ? "number" : ""} ${loss ? "negative" : ""}`}
      >
        {column.key === "npv_cents" && row.value === "offer" && <TurnFlag rank={rank} formats={formats} />}
        {column.key === "make" && <ClaimMark row={row} />}
        {pending ? <span class="skeleton" role="img" aria-label="valuing" /> : text}
      </div>
    );
  });
}

/** Who holds the car, or wants it too. */
function ClaimMark({ row: { claim } }: { row: Row }) {
  if (!claim) return null;
  if (claim.here) return <span class="claim ours">held</span>;
  if (claim.heldBy)
    return (
      <span
        class="claim"
        title={claim.heldBy === OTHER ? "Held by another store" : `Held by ${isolated(claim.heldBy)}`}
      >
        on hold
      </span>
    );
  const wanted = wantedText(claim.wanted);
  return wanted ? (
    <span class="claim" title={`This car is ${wanted}`}>
      in another deal
    </span>
  ) : null;
}

function titleOf(column: Column, text: string, under: boolean): string | undefined {
  if (column.number) return under && column.key === "payment_cents" ? "Under target payment" : undefined;
  return text;
}

/** The rank under stress of an offer whose rank changes. */
function TurnFlag({ rank, formats }: { rank: StressRank | null; formats: Formats }) {
  if (!rank?.turns) return null;
  const text = rankText(rank, formats);
  return (
    <span class={`turn ${rank.turns}`} role="img" aria-label={text} title={text}>
      {rank.turns === "falls" ? "▼" : "▲"}
      {formats.count(rank.stressed)}
    </span>
  );
}
