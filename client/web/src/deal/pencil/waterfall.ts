// The parts of an NPV as steps of a bar waterfall. Pure.

export interface Step {
  name: string;
  label: string;
  cents: number;
  /** Where the step begins and ends, as shares of the width: 0 is the left edge, 1 the right. */
  from: number;
  to: number;
}

export interface Waterfall {
  steps: Step[];
  /** Where nothing is worth anything, as a share of the width. */
  zero: number;
  total: Step;
}

const LABELS: Record<string, string> = {
  interest: "Interest",
  funding: "Funding",
  loss: "Credit losses",
  prepayment: "Prepayment",
  servicing: "Servicing",
  acquisition: "Acquisition",
  front_gross: "Front gross",
  product_gross: "Product gross",
  reserve: "Reserve",
  lender_fee: "Lender's fee",
  chargebacks: "Chargebacks",
};

/** Returns the steps in the order given, each from where the one before ends; they end where the total does. */
export function waterfall(parts: Record<string, number>): Waterfall {
  const entries = Object.entries(parts).filter(([, cents]) => cents !== 0);
  const sums: number[] = [0];
  for (const [, cents] of entries) sums.push(sums.at(-1)! + cents);
  const low = Math.min(...sums);
  const width = Math.max(1, Math.max(...sums) - low);
  const place = (cents: number) => (cents - low) / width;
  const steps = entries.map(([name, cents], i) => ({
    name,
    label: LABELS[name] ?? name.replaceAll("_", " "),
    cents,
    from: place(sums[i]!),
    to: place(sums[i + 1]!),
  }));
  const sum = sums.at(-1)!;
  return { steps, zero: place(0), total: { name: "total", label: "NPV", cents: sum, from: place(0), to: place(sum) } };
}
