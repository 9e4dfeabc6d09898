// A presentation as the server sends it: two cars, of which the first is the deal's.
import type { Acceptance, CellFigures, PresentationReply, ShownCar, ShownCell, ShownWay } from "../../src/wire";

export function figures(payment: number | null, total: number): CellFigures {
  return {
    total_cents: total,
    payment_cents: payment,
    apr_percent: payment === null ? null : 9.75,
    amount_financed_cents: null,
    finance_charge_cents: null,
    due_at_signing_cents: null,
  };
}

export function cell(term: number | null, cash: number, payment: number | null): ShownCell {
  return { term_months: term, cash_down_cents: cash, figures: figures(payment, (payment ?? 20_000_00) * (term ?? 1)) };
}

const CASH = [1_000_00, 1_500_00];

export function financed(payment: number, isDeal: boolean): ShownWay {
  const row = (term: number, first: number) => CASH.map((cash, i) => cell(term, cash, first - i * 9_40));
  const cells = [row(60, payment + 60_00), row(72, payment)];
  return {
    kind: "finance",
    is_deal: isDeal,
    terms_months: [60, 72],
    cash_down_cents: CASH,
    cells,
    own: cells[1]![0]!,
    own_place: { row: 1, column: 0 },
    lines: [
      { name: "Price", cents: 22_000_00 },
      { name: "Cash down", cents: -1_000_00 },
    ],
    reductions: [],
    signing: [],
    products: [],
    miles_per_year: null,
    excess_mile_cents: null,
    first_payment_date: null,
    contract_date: "2026-11-30",
    estimate: "Estimate, subject to credit approval.",
    disclosures: [],
    version: "v",
  };
}

export function inCash(): ShownWay {
  const own = cell(null, 0, null);
  return { ...financed(0, false), kind: "cash", terms_months: [], cash_down_cents: [], cells: [[own]], own };
}

function car(id: string, model: string, ways: ShownWay[]): ShownCar {
  const facts = { vin: "", stock_no: `U${id}`, year: 2023, make: "Lexus", model, trim: "", mileage: 1_000 };
  return {
    vehicle_id: id,
    rev: 1,
    car: facts,
    headline: "",
    price_cents: 22_000_00,
    trade: null,
    ways,
    unavailable: [],
  };
}

export function presentation(change: Partial<PresentationReply> = {}): PresentationReply {
  return {
    deal_id: "d",
    version: 1,
    store: "Riverside",
    salesperson: "Riley",
    customer: "Lin",
    stated: null,
    shown: { vehicle_ids: [], cash_down_cents: [], terms_months: [], kinds: [] },
    cars: [car("2", "ES", [financed(280_00, false)]), car("1", "RX", [financed(300_00, true), inCash()])],
    missing: [],
    disclosures: [],
    optional: "",
    text_version: "t",
    as_of: "2026-11-30T11:03:00Z",
    valid_until: "2026-12-04",
    can_accept: true,
    ...change,
  };
}

export function acceptance(change: Partial<Acceptance> = {}): Acceptance {
  const own = financed(300_00, true).own;
  return {
    id: "a",
    at: "2026-11-30T11:05:00Z",
    vehicle_id: "1",
    car: car("1", "RX", []).car,
    kind: "finance",
    term_months: own.term_months,
    cash_down_cents: own.cash_down_cents,
    figures: own.figures,
    text_version: "t",
    version: "v",
    in_person: false,
    ...change,
  };
}
