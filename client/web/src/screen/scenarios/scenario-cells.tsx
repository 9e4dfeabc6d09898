import { cashChanges, kindChanges, type ScenarioPart, termChanges } from "../../deal/scenarios/edits";
import { DEAL_KINDS, OFFERED_TERMS } from "../../deal/terms/fields";
import { type Parsed, parseMoney } from "../../text/parse";
import type { DealKind, StructureChanges } from "../../wire";
import { useSurroundings } from "../parts/surroundings";
import { type Cell, Lit } from "./cell";
import { CommitInput } from "./commit-input";

const MOST_CHARACTERS = 40;

function put({ board, column }: Cell, part: ScenarioPart): void {
  if (column.scenario) board.edits.put(column.scenario.id, part);
}

/** The name, editable in place. */
export function NameCell({ cell }: { cell: Cell }) {
  const { column, editable, busy, fault, board } = cell;
  const { scenario, name } = column;
  if (!scenario) return <span class="scenario-name">{name}</span>;
  return (
    <CommitInput
      class="scenario-name"
      label={`Name of ${name}`}
      inputMode="text"
      maxLength={MOST_CHARACTERS}
      value={name}
      show={(value) => value}
      parse={parseName}
      commit={(value) => put(cell, { name: value })}
      fault={fault}
      saving={busy}
      disabled={!editable}
      takesFocus={board.naming.value === scenario.id}
      focused={() => (board.naming.value = null)}
    />
  );
}

function parseName(text: string): Parsed<string> {
  const value = text.trim().replace(/\s+/g, " ");
  return value === "" ? { ok: false, message: "Give the scenario a name." } : { ok: true, value };
}

/** The car, and the one that this person has chosen in the list to put in its place. */
export function CarCell({ cell }: { cell: Cell }) {
  const { column, differs, editable, board } = cell;
  const { session } = board;
  const chosen = session.grid.selected.value;
  const other = editable && chosen !== null && chosen !== column.vehicleId ? session.grid.row(chosen) : undefined;
  const named = column.car ?? (column.vehicleId ? session.carName(column.vehicleId) : "No car yet");
  return (
    <span class="scenario-car">
      <Lit differs={differs.has("car")}>{named}</Lit>
      {other && (
        <button type="button" class="link" onClick={() => put(cell, { vehicle_id: other.vehicle_id })}>
          Use {other.model}
          <span class="visually-hidden"> in {column.name}</span>
        </button>
      )}
    </span>
  );
}

interface MoneyProps {
  cell: Cell;
  label: string;
  cents: number | null;
  lit: boolean;
  changes(cents: number): StructureChanges;
}

function MoneyCell({ cell, label, cents, lit, changes }: MoneyProps) {
  const { formats } = useSurroundings();
  const { column, editable, busy, fault } = cell;
  if (!editable) return cents === null ? <span class="quiet">–</span> : <Lit differs={lit}>{formats.cents(cents)}</Lit>;
  return (
    <CommitInput
      class={`money ${lit ? "differs" : ""}`}
      label={`${label} of ${column.name}${lit ? ", differs from the deal" : ""}`}
      value={cents}
      show={(value) => (value === null ? "" : formats.cents(value).replace(/[^\d.,]/g, ""))}
      parse={(text) => amount(parseMoney(text, formats))}
      commit={(value) => put(cell, { changes: changes(value ?? 0) })}
      fault={fault}
      saving={busy}
      disabled={false}
    />
  );
}

function amount(read: Parsed<number | null>): Parsed<number | null> {
  return read.ok && read.value === null ? { ok: false, message: "Enter an amount, such as 3,000." } : read;
}

export function CashCell({ cell }: { cell: Cell }) {
  const { figures, scenario, kind } = cell.column;
  if (kind === "cash") return <span class="quiet">All of it</span>;
  const stated = scenario?.structure.cash_down_cents;
  const cents = figures?.cashDownCents ?? (typeof stated === "number" ? stated : null);
  return <MoneyCell cell={cell} label="Cash down" cents={cents} lit={cell.differs.has("cash")} changes={cashChanges} />;
}

/** A manager's discount: it is the whole discount of the scenario. */
export function DiscountCell({ cell }: { cell: Cell }) {
  const { figures, scenario } = cell.column;
  const stated = scenario?.structure.discount_cents;
  const cents = figures?.discountCents ?? (typeof stated === "number" ? stated : null);
  const changes = (value: number) => ({ discount_cents: value });
  return <MoneyCell cell={cell} label="Discount" cents={cents} lit={cell.differs.has("discount")} changes={changes} />;
}

/** How the scenario is paid, and for how many months. */
export function WayCell({ cell }: { cell: Cell }) {
  const { column, differs, editable } = cell;
  const { kind, figures, scenario, name } = column;
  const stated = scenario?.structure.terms_months;
  const term = figures?.termMonths ?? (Array.isArray(stated) && stated.length === 1 ? Number(stated[0]) : null);
  const lit = differs.has("term");
  if (!editable) {
    const text = term === null ? DEAL_KINDS[kind] : `${DEAL_KINDS[kind]}, ${term} months`;
    return <Lit differs={lit}>{text}</Lit>;
  }
  const terms = [...new Set([...OFFERED_TERMS, ...(term === null ? [] : [term])])].sort((a, b) => a - b);
  return (
    <span class="scenario-way">
      <select
        aria-label={`${name} is paid by`}
        value={kind}
        onChange={(event) => put(cell, { changes: kindChanges(event.currentTarget.value as DealKind) })}
      >
        {Object.entries(DEAL_KINDS).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <select
        class={lit ? "differs" : ""}
        aria-label={`Term of ${name} in months${lit ? ", differs from the deal" : ""}`}
        value={term ?? ""}
        disabled={kind === "cash"}
        onChange={(event) => put(cell, { changes: termChanges(Number(event.currentTarget.value)) })}
      >
        {term === null && <option value="">Best</option>}
        {terms.map((months) => (
          <option key={months} value={months}>
            {months}
          </option>
        ))}
      </select>
    </span>
  );
}
