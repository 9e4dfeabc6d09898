// The choices of a first payment, 30 days to a month. Pure.

export const FIRST_PAYMENT_DAYS = [45];

/** Returns a choice in words; `latest` is the latest that the offer's lender takes, null if it is not known. */
export function firstPaymentText(days: number | null, latest: number | null): string {
  if (days === null) return "30 days";
  return days === latest ? `${days} days (lender's max)` : `${days} days`;
}
