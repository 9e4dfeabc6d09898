import { OTHER, wantedText } from "../../../deal/stock/claims";
import type { Column } from "../../../deal/stock/columns";
import { whyNot } from "../../../deal/stock/fixes";
import type { Row } from "../../../deal/stock/rows";
import { rankText, type StressRank } from "../../../deal/stock/turnover";
import type { Formats } from "../../../text/format";
import { isolated } from "../../../text/readable";
import { memo } from "../../parts/memo";
import { type RowActions, rowTools } from "./row-tools";

interface Props {
  row: Row;
  /** Its payment is below the payment target. */
  under: boolean;
  rank: StressRank | null;
  /** Its NPV as a part of the greatest one, from 0 to 1. */
  share: number;
  index: number;
  top: number;
  columns: readonly Column[];
  tracks: string;
  formats: Formats;
  selected: boolean;
  pinned: boolean;
  marked: boolean;
  /** The column that the keyboard is at; null: it is in another row. */
  cursor: number | null;
  actions: RowActions;
}

/** Returns the element id of a car's row. */
export function rowId(vehicleId: string): string {
  return `car-${vehicleId}`;
}

/** One car. Drawn again only when something of it changed. */
export const GridRow = memo(function GridRow(props: Props) {
  const { row, under, index, top, tracks, selected, pinned, marked } = props;
  const states = [
    "grid-row",
    `is-${row.value}`,
    selected && "selected",
    under && "under-target",
    index % 2 && "odd",
    pinned && "is-pinned",
    marked && "is-marked",
  ];
  return (
    <div
      id={rowId(row.vehicle_id)}
      data-car={row.vehicle_id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      class={states.filter(Boolean).join(" ")}
      style={{ gridTemplateColumns: tracks, transform: `translateY(${top}px)` }}
    >
      {cells(props)}
    </div>
  );
});

function cells(props: Props) {
  const { row, columns, formats, cursor } = props;
  const failed = row.value === "failed";
  if (row.value !== "none" && !failed) return columns.map((_, i) => cell(props, i));
  // One cell says why, in place of all that only a value has: these columns lie together, or the first run of them does.
  const first = columns.findIndex((column) => column.valued);
  const run = first < 0 ? 0 : columns.slice(first).findIndex((column) => !column.valued);
  const span = first < 0 ? 0 : run < 0 ? columns.length - first : run;
  const reason = whyNot(row, formats);
  return columns.map((column, i) => {
    if (i > first && i < first + span) return null;
    if (i !== first) return cell(props, i);
    return (
      <div
        key={column.key}
        role="gridcell"
        aria-colindex={i + 1}
        aria-colspan={span}
        data-column={i}
        tabIndex={cursor !== null && cursor >= first && cursor < first + span ? 0 : -1}
        class="why-not"
        style={{ gridColumn: `span ${span}` }}
        title={reason}
      >
        <span>{reason}</span>
        {failed && props.actions.retry && (
          <button type="button" class="link" tabIndex={cursor === null ? -1 : 0} data-act="retry">
            Retry
          </button>
        )}
      </div>
    );
  });
}

/** Not a component: there are hundreds on the screen, and a row is drawn as a whole. */
function cell({ row, under, rank, share, columns, formats, cursor, pinned, marked, actions }: Props, at: number) {
  const column = columns[at]!;
  const { key } = column;
  const loss = key.endsWith("npv_cents") && Number(row[key]) < 0;
  const pending = column.valued && row.value === "pending";
  const text = pending ? "" : column.text(row, formats);
  const bar = key === "npv_cents" && share > 0 && !pending;
  return (
    <div
      key={key}
      role="gridcell"
      aria-colindex={at + 1}
      data-column={at}
      tabIndex={cursor === at ? 0 : -1}
      title={titleOf(column, text, under)}
      class={`cell-${key} ${column.number ? "number" : ""} ${loss ? "negative" : ""} ${bar ? "barred" : ""}`}
      style={bar ? { "--share": share } : undefined}
    >
      {key === "npv_cents" && row.value === "offer" && <TurnFlag rank={rank} formats={formats} />}
      {key === "make" && <ClaimMark row={row} />}
      {pending ? <span class="skeleton" role="img" aria-label="valuing" /> : key === "make" ? carName(row) : text}
      {key === "make" && rowTools({ row, pinned, marked, reached: cursor !== null, actions })}
    </div>
  );
}

/** In a narrow column the make is for the ear only: the model and the trim tell one car from another. */
function carName({ year, make, model, trim }: Row) {
  return (
    <>
      {year} <span class="maker">{make} </span>
      {`${model} ${trim}`.trim()}
    </>
  );
}

/** Who holds the car, or wants it too, as a mark: the panel's Car tab has the whole story. */
function ClaimMark({ row: { claim } }: { row: Row }) {
  if (!claim) return null;
  const { here, heldBy, wanted } = claim;
  const [kind, mark, words] = here
    ? ["ours", "✓ held", "Held for this deal"]
    : heldBy
      ? ["", "■ hold", `Held by ${heldBy === OTHER ? "another store" : isolated(heldBy)}`]
      : ["", `◊ deal${wanted.length > 1 ? "s" : ""}`, `This car is ${wantedText(wanted)}`];
  return (
    <span class={`claim ${kind}`} role="img" aria-label={words} title={words}>
      {mark}
    </span>
  );
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
