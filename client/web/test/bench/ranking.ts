// Times the pure parts of the grid on 100,000 cars: `npm run bench`. Prints the median of each as JSON.
import { Facets } from "../../src/deal/stock/facets/facets";
import { Ranking } from "../../src/deal/stock/order/ranking";
import { RowTable } from "../../src/deal/stock/rows";
import { StressRanks } from "../../src/deal/stock/turnover";

const CARS = 100_000;
const CHUNK = 768;
const TURNS = 9;
const MAKES = ["Toyota", "Honda", "Ford", "Kia", "Mazda", "BMW", "Jeep", "Subaru"];
const MODELS = ["One", "Two", "Three", "Four", "Five", "Six"];

/** A sequence that looks random and is the same in each run. */
let seed = 1;
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

function column<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** The columns of a chunk of matches with their offers, from car `first` on. */
function chunkOf(first: number, count: number): Record<string, unknown[]> {
  const npv = column(count, () => random(900_000) - 50_000);
  return {
    vehicle_id: column(count, (i) => String(first + i)),
    rev: column(count, () => 1),
    vin: column(count, (i) => `VIN${first + i}`),
    stock_no: column(count, (i) => `U${first + i}`),
    year: column(count, () => 2015 + random(12)),
    make: column(count, () => MAKES[random(MAKES.length)]),
    model: column(count, () => MODELS[random(MODELS.length)]),
    trim: column(count, () => `Trim ${random(5)}`),
    body: column(count, () => ["SUV", "Sedan", "Truck"][random(3)]),
    mileage: column(count, () => random(120_000)),
    price_cents: column(count, () => 900_000 + random(6_000_000)),
    days_in_stock: column(count, () => random(200)),
    payment_cents: column(count, () => 20_000 + random(90_000)),
    term_months: column(count, () => [48, 60, 72][random(3)]),
    lender: column(count, () => `Lender ${random(8)}`),
    npv_cents: npv,
    stress_npv_cents: npv.map((value) => value - random(100_000)),
    valued: column(count, () => true),
  };
}

/** Returns the milliseconds of processor time that an action takes: other work on the machine does not count. */
function timed(action: () => void): number {
  const began = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

function median(action: () => void, before: () => void = () => {}): number {
  const times = column(TURNS, () => {
    before();
    return timed(action);
  }).sort((a, b) => a - b);
  return times[Math.floor(TURNS / 2)]!;
}

const chunks = column(Math.ceil(CARS / CHUNK), (i) => chunkOf(i * CHUNK, Math.min(CHUNK, CARS - i * CHUNK)));
const table = new RowTable();
const facets = new Facets();
const ranking = new Ranking({ key: "npv_cents", descending: true });
const taken = chunks.map((columns) =>
  timed(() => {
    const changed = table.addSnapshot(columns, columns.rev!.length);
    facets.admit(table.rows, changed);
    ranking.admit(table.rows, changed, facets);
  }),
);
taken.sort((a, b) => a - b);
const { rows } = table;
const sortBy = (key: "npv_cents" | "make" | "term_months") => {
  ranking.order = { key, descending: key === "npv_cents" };
  ranking.settle(rows, facets);
};

const results = {
  "100,000 cars sorted by NPV": median(() => sortBy("npv_cents")),
  "100,000 cars sorted by vehicle, a text": median(() => sortBy("make")),
  "100,000 cars sorted by term, of three values": median(() => sortBy("term_months")),
  "ranks under stress of 100,000 offers": median(() => void new StressRanks(rows)),
  "a facet chosen among 100,000 cars": median(
    () => facets.choose("make", ["Honda"], rows),
    () => facets.choose("make", null, rows),
  ),
  "a key of a filter among 100,000 cars": median(
    () => facets.look("honda two", rows),
    () => facets.look("", rows),
  ),
  "a chunk of 768 cars taken, p95": taken[Math.floor(0.95 * taken.length)]!,
};
process.stdout.write(`${JSON.stringify(results)}\n`);
