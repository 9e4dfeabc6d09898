// What the grid shows at one moment: rows, their order, and what is counted of them.
import type { Chosen } from "./facets/kinds";
import type { Order } from "./order/order";
import type { Row } from "./rows";
import { StressRanks } from "./turnover";

export interface GridPicture {
  rows: readonly Row[];
  /** Places in `rows`, in the order on the screen. */
  shown: readonly number[];
  order: Order;
  /** The least monthly payment of the target in cents: cars below it come last when sorted by value. */
  leastPayment: number;
  better: number;
  /** The rank of each of `rows` under stress, as it was when the offers were last ranked. */
  ranks: StressRanks;
  /** How many of them change rank under stress. */
  turned: number;
  /** The greatest NPV, in cents, as it was when the rows were last ranked: the scale of the bars. */
  scale: number;
  /** What this person wants by the facets. */
  chosen: Chosen;
  matched: number;
  settled: number;
  failed: number;
  /** The rows are those of the search before. */
  stale: boolean;
}

/** Before the first row. */
export const NO_ROWS: GridPicture = {
  rows: [],
  shown: [],
  order: { key: "npv_cents", descending: true },
  leastPayment: 0,
  better: 0,
  ranks: new StressRanks([]),
  turned: 0,
  scale: 0,
  chosen: {},
  matched: 0,
  settled: 0,
  failed: 0,
  stale: false,
};
