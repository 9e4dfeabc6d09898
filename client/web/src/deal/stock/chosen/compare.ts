// Up to three cars side by side: what each is and costs, where they differ, and which is best. Pure.
import type { Formats } from "../../../text/format";
import type { DealKind, DealOffer, StructureChanges } from "../../../wire";
import { figuresOf } from "../../model/figures";
import { scoreText } from "../columns";
import type { Row } from "../rows";

/** What is compared of a car. */
export interface Candidate {
  vehicleId: string;
  name: string;
  pinned: boolean;
  kind: DealKind | null;
  paymentCents: number | null;
  termMonths: number | null;
  cashCents: number | null;
  lender: string | null;
  rateBp: number | null;
  totalCents: number | null;
  npvCents: number | null;
  score: number | null;
  priceCents: number;
  miles: number;
  year: number;
  age: number | null;
  stockNo: string;
  /** What puts these figures on the deal; null if there is no offer. */
  select: { changes: StructureChanges; programme_id: string | null } | null;
}

export interface ComparedCell {
  text: string;
  /** The best of the compared cars in this line, and not all of them. */
  best: boolean;
}

export interface ComparedLine {
  label: string;
  cells: ComparedCell[];
  differs: boolean;
}

const NOTHING = "–";

/** Returns a car of the grid with its best offer. `totalCents` is its total of payments, once the server has told it. */
export function ofRow(row: Row, totalCents: number | null): Candidate {
  const cash = row.kind === "cash";
  return {
    ...carOf(row, row),
    vehicleId: row.vehicle_id,
    pinned: false,
    kind: row.kind ?? (row.payment_cents === null ? null : "finance"),
    paymentCents: row.payment_cents,
    termMonths: row.term_months,
    cashCents: row.cash_down_cents,
    lender: row.lender,
    rateBp: row.rate_bp,
    totalCents: cash ? row.out_the_door_cents : totalCents,
    npvCents: row.npv_cents,
    score: row.score,
    priceCents: row.price_cents,
    select: row.value === "offer" ? { changes: {}, programme_id: null } : null,
  };
}

/** Returns a pinned or selected offer; `row` is its car in the grid, if it is there. */
export function ofOffer(offer: DealOffer, row: Row | undefined): Candidate {
  const { kind, payment_cents, term_months, cash_down_cents, lender, rate_bp, total_cents } = figuresOf(offer);
  return {
    ...carOf(offer.car, row),
    vehicleId: offer.vehicle_id,
    pinned: true,
    kind,
    paymentCents: payment_cents,
    termMonths: term_months,
    cashCents: kind === "cash" ? null : cash_down_cents,
    lender: lender ?? null,
    rateBp: rate_bp,
    totalCents: total_cents,
    npvCents: offer.npv_cents ?? null,
    score: offer.score ?? null,
    priceCents: offer.price_cents,
    select: { changes: offer.changes as StructureChanges, programme_id: offer.asked_programme_id ?? null },
  };
}

type Named = Pick<Row, "year" | "make" | "model" | "trim" | "mileage" | "stock_no">;

function carOf(car: Named, row: Row | undefined) {
  return {
    name: `${car.year} ${car.make} ${car.model} ${car.trim}`.trim(),
    miles: car.mileage,
    year: car.year,
    age: row?.days_in_stock ?? null,
    stockNo: car.stock_no,
  };
}

interface Field {
  label: string;
  value(car: Candidate): number | string | null;
  text(car: Candidate, formats: Formats): string;
  best?: "least" | "most";
}

const FIELDS: readonly Field[] = [
  {
    label: "Payment",
    value: (car) => car.paymentCents,
    text: (car, f) => (car.kind === "cash" ? "cash" : amount(car.paymentCents, f.cents)),
    best: "least",
  },
  {
    label: "Cash down",
    value: (car) => car.cashCents,
    text: (car, f) => amount(car.cashCents, f.dollars),
    best: "least",
  },
  {
    label: "Term",
    value: (car) => car.termMonths,
    text: (car, f) => `${amount(car.termMonths, f.count)}${car.kind === "lease" ? " lease" : ""}`,
  },
  { label: "Lender", value: (car) => car.lender, text: (car) => car.lender ?? NOTHING },
  { label: "Rate", value: (car) => car.rateBp, text: (car, f) => amount(car.rateBp, f.percent), best: "least" },
  { label: "Total", value: (car) => car.totalCents, text: (car, f) => amount(car.totalCents, f.cents), best: "least" },
  {
    label: "NPV",
    value: (car) => car.npvCents,
    text: (car, f) => amount(car.npvCents, f.dollars),
    best: "most",
  },
  { label: "Score", value: (car) => car.score, text: (car) => scoreText(car.score), best: "most" },
  { label: "Price", value: (car) => car.priceCents, text: (car, f) => f.dollars(car.priceCents), best: "least" },
  { label: "Miles", value: (car) => car.miles, text: (car, f) => f.count(car.miles), best: "least" },
  { label: "Year", value: (car) => car.year, text: (car) => String(car.year), best: "most" },
  { label: "Age, days", value: (car) => car.age, text: (car, f) => amount(car.age, f.count) },
  { label: "Stock", value: (car) => car.stockNo, text: (car) => car.stockNo || NOTHING },
];

/** Returns the lines of the comparison. A line that no car has anything for is left out. */
export function comparison(cars: readonly Candidate[], formats: Formats): ComparedLine[] {
  return FIELDS.flatMap(({ label, value, text, best }) => {
    const values = cars.map(value);
    if (values.every((one) => one === null)) return [];
    const known = values.filter((one) => typeof one === "number");
    const top = best === undefined ? null : best === "least" ? Math.min(...known) : Math.max(...known);
    const differs = new Set(values).size > 1;
    const cells = cars.map((car, i) => ({
      text: text(car, formats),
      best: differs && top !== null && values[i] === top,
    }));
    return [{ label, cells, differs }];
  });
}

function amount(value: number | null, format: (value: number) => string): string {
  return value === null ? NOTHING : format(value);
}
