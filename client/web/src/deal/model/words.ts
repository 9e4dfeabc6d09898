// The desk's vocabulary as people say it: reasons, states, steps, lenders' answers. The compiler reports wire values
// that have no words yet.
import type { Action, Closing, DealState, Fulfilment, LenderStatus, Reason, TaskKind } from "../../wire";

export const STATES: Record<DealState, string> = {
  working: "Working",
  submitted: "Submitted",
  countered: "Countered",
  approved: "Approved",
  declined: "Declined",
  signed: "Signed",
  lost: "Lost",
};

export const FULFILMENTS: Record<Fulfilment, string> = {
  signed: "Signed",
  delivered: "Delivered",
  funded: "Funded",
  unwound: "Unwound",
};

export const LENDER_STATUSES: Record<LenderStatus, string> = {
  approved: "Approved",
  conditional: "Approved with stips",
  declined: "Declined",
  withdrawn: "Withdrawn",
};

export const TASKS: Record<TaskKind, string> = {
  adverse_action_notice: "Send the adverse action notice",
  appraisal: "Appraise the trade",
};

export interface StepWords {
  /** On the button. */
  verb: string;
  /** Over the dialog. */
  title: string;
  /** What it does. */
  effect: string;
  /** What someone did, in the timeline. */
  done: string;
}

export const STEP_WORDS: Record<Action | Closing, StepWords> = {
  submit: {
    verb: "Submit",
    title: "Submit to the desk",
    done: "submitted the deal",
    effect: "The offer is priced again and goes to the desk. The terms cannot change until the desk answers.",
  },
  accept: {
    verb: "Accept",
    title: "Accept the counter",
    done: "accepted the counter",
    effect: "The deal goes back to the desk with the figures that it proposed.",
  },
  counter: {
    verb: "Counter",
    title: "Counter the deal",
    done: "countered",
    effect: "The salesperson gets a proposal to accept or answer. The customer's limits stay as they are.",
  },
  approve: {
    verb: "Approve",
    title: "Approve the deal",
    done: "approved the deal",
    effect:
      "The approval covers this version, car, offer and rate sheet. If one of them changes, the approval is voided.",
  },
  decline: {
    verb: "Decline",
    title: "Decline the deal",
    done: "declined the deal",
    effect: "Its salesperson can reopen the deal. A credit reason adds a task to send the adverse action notice.",
  },
  reopen: {
    verb: "Reopen",
    title: "Reopen the deal",
    done: "reopened the deal",
    effect: "The deal goes back to work and must be submitted again.",
  },
  sign: {
    verb: "Sign",
    title: "Sign the contract",
    done: "signed the contract",
    effect:
      "The car is sold to this customer. It needs the desk's approval and a current approval from the offer's lender.",
  },
  lose: {
    verb: "Lost",
    title: "Mark lost",
    done: "marked the deal lost",
    effect: "The deal leaves the desk, and its holds on cars end.",
  },
  deliver: {
    verb: "Deliver",
    title: "Mark delivered",
    done: "delivered the car",
    effect: "The customer has the car.",
  },
  fund: {
    verb: "Fund",
    title: "Mark funded",
    done: "marked the contract funded",
    effect: "The lender has paid. All stips must be cleared. This is final.",
  },
  unwind: {
    verb: "Unwind",
    title: "Unwind the contract",
    done: "unwound the contract",
    effect: "The contract is canceled and the car is for sale again. This is final.",
  },
};

export const REASONS: Record<Reason, string> = {
  customer_agrees: "Customer agrees to these terms",
  customer_wants_better: "Customer asks for better terms",
  desk_advice: "Asking for the desk's advice",
  gross_too_low: "Gross too low",
  payment_too_low: "Payment too low",
  cash_too_low: "Not enough cash down",
  term_too_long: "Term too long",
  trade_overvalued: "Trade valued too high",
  better_programme: "A better program is available",
  other_car: "Another car fits better",
  meets_policy: "Meets the store's policy",
  exception_granted: "Exception granted",
  documents_missing: "Documents are missing",
  car_not_available: "Car is not available",
  customer_returned: "Customer came back",
  terms_changed: "Terms have changed",
  new_information: "New information",
  customer_accepts: "Customer accepts the approved offer",
  bought_elsewhere: "Bought elsewhere",
  not_ready: "Not ready to buy",
  price_too_high: "Price too high",
  payment_too_high: "Payment too high",
  no_suitable_car: "No suitable car",
  unresponsive: "Customer does not answer",
  car_handed_over: "Car handed over to the customer",
  lender_paid: "Lender has paid",
  customer_paid: "Customer has paid",
  funding_refused: "Lender refused to fund",
  car_returned: "Car was returned",
  mutual_agreement: "By mutual agreement",
  credit_application_incomplete: "Credit application incomplete",
  insufficient_references: "Too few credit references",
  references_not_verified: "Credit references not verified",
  irregular_employment: "Temporary or irregular employment",
  employment_not_verified: "Employment not verified",
  short_employment: "Length of employment",
  income_insufficient: "Income insufficient for the amount",
  excessive_obligations: "Obligations excessive for the income",
  income_not_verified: "Income not verified",
  short_residence: "Length of residence",
  residence_not_verified: "Residence not verified",
  no_credit_file: "No credit file",
  limited_credit_experience: "Limited credit experience",
  poor_performance_with_us: "Poor credit performance with us",
  delinquent_obligations: "Delinquent obligations with others",
  collection_or_judgment: "Collection action or judgment",
  garnishment: "Garnishment or attachment",
  repossession: "Foreclosure or repossession",
  bankruptcy: "Bankruptcy",
  recent_inquiries: "Recent inquiries on the credit report",
  collateral_insufficient: "Collateral insufficient",
  offer_changed: "Another offer was selected",
  car_changed: "The car's price has changed",
  car_sold: "The car is no longer for sale",
  rates_changed: "A new rate sheet is in force",
  lender_changed: "The lender's decision changed the offer",
  lender_expired: "The lender's approval expired",
  edition_changed: "A new tax, fee or rebate table is in force",
  customer_changed: "The customer's details changed",
  day_changed: "A new day changed payoff or dates",
};

/** Returns the words for a reason; one that a newer server names is shown by its name. */
export function reasonText(reason: string): string {
  return (REASONS as Record<string, string>)[reason] ?? reason.replaceAll("_", " ");
}
