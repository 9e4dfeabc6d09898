// What excludes a car, in words: the limits of lender programs and of the customer, by their names on the wire. Pure.

const LIMITS: Record<string, string> = {
  payment_max: "over target payment",
  pti: "PTI over limit",
  dti: "DTI over limit",
  ltv_front: "front-end LTV over limit",
  ltv_total: "total LTV over limit",
  amount_max: "over max advance",
  amount_min: "below the lender's minimum loan",
  npv_floor: "below store minimum",
  cash_max: "over max cash",
  lease_cap: "over the lessor's max cap cost",
  lease_residual: "cap cost below the residual",
  lease_msrp: "no MSRP for a residual",
  lease_car: "no lease program for this car",
  lease_miles: "no lease program for these miles",
  products: "no lender takes these products at these prices",
  mileage: "over every program's mileage limit",
  model_year: "too old for every program",
  ltv_basis: "no book value to lend against",
  new_used: "no program for new or used",
  discount: "discount above the price",
  rate: "no program at this rate",
  term: "no program for these terms",
  score: "no program for this score",
  tier: "no program for this tier",
  down_min: "below the lender's minimum down",
  negative_equity: "over max negative equity",
  ltv_min: "below every program's LTV band",
  mileage_min: "below every program's mileage band",
  model_year_max: "too new for every program",
  first_payment: "first payment outside every lender's days",
  service_contract_max: "over max service contract",
  gap_max: "over max GAP",
  backend_max: "over max backend",
  state_rate: "over the state's maximum rate",
  state_markup: "over the state's maximum markup",
  state_doc_fee: "over the state's maximum doc fee",
};

/** Returns the words for a limit; one that a newer server names is shown by its name. */
export function limitText(limit: string): string {
  return LIMITS[limit] ?? limit.replaceAll("_", " ");
}
