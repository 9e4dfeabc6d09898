import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { isOpen } from "../../deal/desk/steps";
import { columnsOf, delta, differing, type Line } from "../../deal/scenarios/columns";
import { subjectOf } from "../../deal/scenarios/edits";
import { scoreText } from "../../deal/stock/columns";
import { signed } from "../../text/format";
import { useSurroundings } from "../parts/surroundings";
import { type Board, type Cell, Lit } from "./cell";
import { CarCell, CashCell, DiscountCell, NameCell, WayCell } from "./scenario-cells";
import { RemoveButton, ScenarioActions, ScenarioRemark } from "./scenario-remarks";

const HEAD_REM = 9;
const COLUMN_REM = 11.25;

/** The deal and its scenarios as columns of one table, what differs from the deal lit. */
export function ScenarioTable({ board }: { board: Board }) {
  const { session } = board;
  const faults = useSignal<ReadonlyMap<string, string>>(new Map());
  const model = session.model.value;
  if (!model) return null;
  const columns = columnsOf(model.deal);
  const deal = columns[0]!;
  const editable = isOpen(model.deal) && session.can("terms");
  const cells = columns.map((column): Cell & { problem: string | null } => {
    const id = column.scenario?.id ?? "";
    const fault = (message: string | null) => {
      const next = new Map(faults.value);
      if (message === null) next.delete(id);
      else next.set(id, message);
      faults.value = next;
    };
    return {
      board,
      column,
      deal,
      differs: differing(column, deal),
      busy: session.desk.busy.value.has(subjectOf(id)),
      editable: editable && column.scenario !== null,
      fault,
      problem: faults.value.get(id) ?? null,
    };
  });
  const scored = cells.some(({ column }) => column.figures?.score != null);
  return (
    <div class="scenario-table">
      {/* Columns of one width, whatever stands in them: nothing moves while a scenario is priced. */}
      <table style={{ width: `${HEAD_REM + COLUMN_REM * cells.length}rem` }}>
        <caption class="visually-hidden">The deal and its scenarios side by side</caption>
        <thead>
          <tr>
            <td class="corner" />
            {cells.map((cell) => (
              <th key={keyOf(cell)} scope="col" class={cell.column.scenario?.of_the_deal ? "used" : ""}>
                <span class="scenario-head">
                  <NameCell cell={cell} />
                  <RemoveButton cell={cell} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Row name="Payment" cells={cells}>
            {(cell) => <Payment cell={cell} />}
          </Row>
          <Row name="Car" cells={cells}>
            {(cell) => <CarCell cell={cell} />}
          </Row>
          <Row name="Cash down" cells={cells}>
            {(cell) => <CashCell cell={cell} />}
          </Row>
          <Row name="Paid by, term" cells={cells}>
            {(cell) => <WayCell cell={cell} />}
          </Row>
          {session.can("price") && (
            <Row name="Discount" cells={cells}>
              {(cell) => <DiscountCell cell={cell} />}
            </Row>
          )}
          <Row name="Rate, lender" cells={cells}>
            {(cell) => <Financing cell={cell} />}
          </Row>
          <Row name="Total of payments" cells={cells}>
            {(cell) => <Amount cell={cell} line="total" amount="totalCents" />}
          </Row>
          <Row name={scored ? "Score" : "NPV"} cells={cells}>
            {(cell) => <Worth cell={cell} />}
          </Row>
          <Row name="Notes" cells={cells}>
            {(cell) => <ScenarioRemark cell={cell} problem={cell.problem} />}
          </Row>
          <Row name="Actions" cells={cells}>
            {(cell) => <ScenarioActions cell={cell} />}
          </Row>
        </tbody>
      </table>
    </div>
  );
}

function keyOf({ column }: Cell): string {
  return column.scenario?.id ?? "deal";
}

interface RowProps<C extends Cell> {
  name: string;
  cells: readonly C[];
  children(cell: C): ComponentChildren;
}

function Row<C extends Cell>({ name, cells, children }: RowProps<C>) {
  return (
    <tr class={`line-${name.split(/\W/)[0]!.toLowerCase()}`}>
      <th scope="row">{name}</th>
      {cells.map((cell) => (
        <td key={keyOf(cell)} class={cell.column.scenario?.of_the_deal ? "used" : ""}>
          {children(cell)}
        </td>
      ))}
    </tr>
  );
}

function Payment({ cell: { column, deal, differs, busy } }: { cell: Cell }) {
  const { formats } = useSurroundings();
  const { figures } = column;
  if (busy) return <span class="skeleton wide" role="img" aria-label="pricing" />;
  if (!figures) return <span class="quiet">{column.scenario?.refusal ? "No offer" : "Not priced"}</span>;
  const { kind, paidCents, termMonths } = figures;
  const more = delta(column, deal, "paidCents");
  return (
    <>
      <span key="pay" class="big-pay">
        <Lit differs={differs.has("payment")}>{formats.cents(paidCents)}</Lit>
        <span class="quiet">
          {" "}
          {termMonths === null ? "cash" : `× ${termMonths}${kind === "lease" ? " lease" : ""}`}
        </span>
      </span>
      <small key={more} class="delta">
        {more === null ? "" : signed(more, formats.cents)}
      </small>
    </>
  );
}

function Financing({ cell: { column, differs, busy } }: { cell: Cell }) {
  const { formats } = useSurroundings();
  const { figures } = column;
  if (busy) return <span class="skeleton" role="img" aria-label="pricing" />;
  if (!figures || (figures.rateBp === null && figures.lender === null)) return <span class="quiet">–</span>;
  return (
    <span key="financing" class="financing">
      {figures.rateBp !== null && <Lit differs={differs.has("rate")}>{formats.percent(figures.rateBp)}</Lit>}
      {figures.lender !== null && (
        <bdi title={figures.lender}>
          <Lit differs={differs.has("lender")}>{figures.lender}</Lit>
        </bdi>
      )}
    </span>
  );
}

interface AmountProps {
  cell: Cell;
  line: Line;
  amount: "totalCents" | "npvCents";
}

function Amount({ cell: { column, deal, differs, busy }, line, amount }: AmountProps) {
  const { formats } = useSurroundings();
  const value = column.figures?.[amount] ?? null;
  if (busy) return <span class="skeleton" role="img" aria-label="pricing" />;
  if (value === null) return <span class="quiet">–</span>;
  // A value is rounded to ten dollars in some views: cents would claim more precision than it has.
  const words = amount === "npvCents" ? formats.dollars : formats.cents;
  const more = delta(column, deal, amount);
  return (
    <>
      <small key={more} class="delta">
        {more === null ? "" : signed(more, words)}
      </small>
      <Lit differs={differs.has(line)}>{words(value)}</Lit>
    </>
  );
}

function Worth({ cell }: { cell: Cell }) {
  const score = cell.column.figures?.score ?? null;
  if (score === null || cell.busy) return <Amount cell={cell} line="value" amount="npvCents" />;
  return <Lit differs={cell.differs.has("value")}>{scoreText(score)}</Lit>;
}
