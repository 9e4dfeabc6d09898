// Generated from protocol/ by `python -m protocol.schema`. Do not edit.

export const MAX_CENTS = 10000000000 as const;

export const MAX_BASIS_POINTS = 10000 as const;

export const MAX_MATCHES = 20000 as const;

export const DEFAULT_MATCHES = 20000 as const;

export const MATCH_COLUMNS = ["vehicle_id", "rev", "vin", "stock_no", "year", "make", "model", "trim", "body", "mileage", "price_cents", "days_in_stock", "store_id", "payment_min_cents", "payment_max_cents", "cost_cents", "transfer_cost_cents", "transfer_days", "fuel", "days_supply", "floorplan_cents"] as const;

export const OFFER_COLUMNS = ["vehicle_id", "rev", "payment_cents", "term_months", "lender", "rate_bp", "cash_down_cents", "discount_cents", "npv_cents", "stress_npv_cents", "binding", "fix", "frontier", "rebate_given_up_cents", "kind", "out_the_door_cents", "lease_payment_cents", "lease_term_months", "lease_lender", "lease_value_cents", "lease_due_at_signing_cents", "lease_miles_per_year"] as const;

export const FIRST_LATE_CHUNK = 1000000 as const;

export const EVENT_TYPES = ["search_started", "matches", "offers", "search_ended", "search_valued", "value_failed", "deal_changed", "state_changed", "offer_selected", "offer_pinned", "offer_unpinned", "vehicle_changed", "vehicle_held", "vehicle_released", "field_locked", "field_unlocked", "note_added", "lender_decided", "stipulation_cleared", "fulfilment_changed", "task_raised", "task_done", "customer_changed", "deal_assigned", "presentation_changed", "link_shared", "link_revoked", "link_opened", "customer_accepted", "hidden", "scenario_added", "scenario_changed", "scenario_removed", "scenario_used", "deal_summary"] as const;

export const TRANSITIONS = {"submit": {"sources": ["working", "countered"], "target": "submitted", "roles": ["salesperson", "desk_manager"], "reasons": ["customer_agrees", "customer_wants_better", "desk_advice"]}, "counter": {"sources": ["submitted"], "target": "countered", "roles": ["desk_manager"], "reasons": ["gross_too_low", "payment_too_low", "cash_too_low", "term_too_long", "trade_overvalued", "better_programme", "other_car"]}, "approve": {"sources": ["submitted"], "target": "approved", "roles": ["desk_manager"], "reasons": ["meets_policy", "exception_granted"]}, "decline": {"sources": ["submitted"], "target": "declined", "roles": ["desk_manager"], "reasons": ["gross_too_low", "payment_too_low", "cash_too_low", "term_too_long", "trade_overvalued", "documents_missing", "car_not_available", "credit_application_incomplete", "insufficient_references", "references_not_verified", "irregular_employment", "employment_not_verified", "short_employment", "income_insufficient", "excessive_obligations", "income_not_verified", "short_residence", "residence_not_verified", "no_credit_file", "limited_credit_experience", "poor_performance_with_us", "delinquent_obligations", "collection_or_judgment", "garnishment", "repossession", "bankruptcy", "recent_inquiries", "collateral_insufficient"]}, "reopen": {"sources": ["countered", "approved", "declined", "lost"], "target": "working", "roles": ["salesperson", "desk_manager"], "reasons": ["customer_returned", "terms_changed", "new_information", "other_car", "better_programme"]}, "sign": {"sources": ["approved"], "target": "signed", "roles": ["salesperson", "desk_manager"], "reasons": ["customer_accepts"]}, "lose": {"sources": ["working", "submitted", "countered", "approved", "declined"], "target": "lost", "roles": ["salesperson", "desk_manager"], "reasons": ["bought_elsewhere", "not_ready", "price_too_high", "payment_too_high", "trade_overvalued", "no_suitable_car", "unresponsive", "credit_application_incomplete", "insufficient_references", "references_not_verified", "irregular_employment", "employment_not_verified", "short_employment", "income_insufficient", "excessive_obligations", "income_not_verified", "short_residence", "residence_not_verified", "no_credit_file", "limited_credit_experience", "poor_performance_with_us", "delinquent_obligations", "collection_or_judgment", "garnishment", "repossession", "bankruptcy", "recent_inquiries", "collateral_insufficient"]}, "accept": {"sources": ["countered"], "target": "submitted", "roles": ["salesperson", "desk_manager"], "reasons": ["customer_agrees", "desk_advice"]}} as const;

export const STEPS = {"deliver": {"sources": ["signed"], "target": "delivered", "reasons": ["car_handed_over"]}, "fund": {"sources": ["delivered"], "target": "funded", "reasons": ["lender_paid", "customer_paid"]}, "unwind": {"sources": ["signed", "delivered"], "target": "unwound", "reasons": ["funding_refused", "car_returned", "documents_missing", "mutual_agreement", "credit_application_incomplete", "insufficient_references", "references_not_verified", "irregular_employment", "employment_not_verified", "short_employment", "income_insufficient", "excessive_obligations", "income_not_verified", "short_residence", "residence_not_verified", "no_credit_file", "limited_credit_experience", "poor_performance_with_us", "delinquent_obligations", "collection_or_judgment", "garnishment", "repossession", "bankruptcy", "recent_inquiries", "collateral_insufficient"]}} as const;

export const CREDIT_REASONS = ["credit_application_incomplete", "insufficient_references", "references_not_verified", "irregular_employment", "employment_not_verified", "short_employment", "income_insufficient", "excessive_obligations", "income_not_verified", "short_residence", "residence_not_verified", "no_credit_file", "limited_credit_experience", "poor_performance_with_us", "delinquent_obligations", "collection_or_judgment", "garnishment", "repossession", "bankruptcy", "recent_inquiries", "collateral_insufficient"] as const;

export const MAX_REASONS = 4 as const;

export const EDITABLE = ["working", "countered"] as const;

export const SELECTABLE = ["working", "countered", "approved"] as const;

export const GUARDED = ["submitted", "countered", "approved"] as const;

export const LIVE_STATUSES = ["approved", "conditional"] as const;

export const MAX_NOTE_CHARACTERS = 2000 as const;

export const KEPT_NOTES = 200 as const;

export const KEPT_NOTES_BYTES = 65536 as const;

export const NOTE_BYTES = 200 as const;

export const KEPT_TASKS = 30 as const;

export const KEPT_LINKS = 10 as const;

export const KEPT_ACCEPTANCES = 20 as const;

export const MAX_SHOWN = 3 as const;

export const MAX_LINKS = 5 as const;

export const MAX_HOURS = 168 as const;

export const DEFAULT_HOURS = 24 as const;

export const CLOSE_CODES = {"1000": {"name": "normal", "reconnect": false}, "1001": {"name": "going_away", "reconnect": true}, "1006": {"name": "abnormal", "reconnect": true}, "1007": {"name": "bad_utf8", "reconnect": false}, "1009": {"name": "too_large", "reconnect": false}, "1011": {"name": "internal", "reconnect": true}, "1012": {"name": "restart", "reconnect": true}, "4000": {"name": "protocol_error", "reconnect": false}, "4001": {"name": "signed_out", "reconnect": false}, "4003": {"name": "forbidden", "reconnect": false}, "4008": {"name": "too_slow", "reconnect": true}, "4009": {"name": "too_many_commands", "reconnect": true}} as const;

/** An action that moves a deal between states; the `type` of its command. */
export const Action = ["submit", "counter", "approve", "decline", "reopen", "sign", "lose", "accept"] as const;
export type Action = (typeof Action)[number];

/** What a programme's front-end limit counts of the principal. */
export const AdvanceRule = ["all_but_products", "price_ttl"] as const;
export type AdvanceRule = (typeof AdvanceRule)[number];

/** An action that moves a signed contract; the `type` of its command. */
export const Closing = ["deliver", "fund", "unwind"] as const;
export type Closing = (typeof Closing)[number];

/** How interest accrues between two dates. */
export const DayCount = ["30/360", "actual/365"] as const;
export type DayCount = (typeof DayCount)[number];

/** How a customer pays for a car: with a loan, a lease, or in full. */
export const DealKind = ["finance", "lease", "cash"] as const;
export type DealKind = (typeof DealKind)[number];

/** The state of a deal between salesperson and desk. */
export const DealState = ["working", "submitted", "countered", "approved", "declined", "signed", "lost"] as const;
export type DealState = (typeof DealState)[number];

/** How a product's price is earned over its term; what is not earned is given back when the contract ends early. */
export const Earning = ["pro_rata", "rule_of_78", "not_cancellable"] as const;
export type Earning = (typeof Earning)[number];

/** Why a search ended. */
export const EndReason = ["complete", "limit", "cancelled", "superseded", "failed"] as const;
export type EndReason = (typeof EndReason)[number];

/** Why a command was refused. */
export const ErrorCode = ["invalid", "unauthorized", "forbidden", "not_found", "conflict", "locked", "rate_limited", "too_large", "busy", "degraded", "superseded", "internal"] as const;
export type ErrorCode = (typeof ErrorCode)[number];

/** The kinds of changes that make a refused car acceptable. Another term or programme costs nothing; of the others, the smaller amount is cheaper. */
export const FixKind = ["programme", "term", "cash", "price", "value", "products", "first_payment", "doc_fee", "product"] as const;
export type FixKind = (typeof FixKind)[number];

/** The progress of a signed contract. */
export const Fulfilment = ["signed", "delivered", "funded", "unwound"] as const;
export type Fulfilment = (typeof Fulfilment)[number];

/** What a lender decided about an application. */
export const LenderStatus = ["approved", "conditional", "declined", "withdrawn"] as const;
export type LenderStatus = (typeof LenderStatus)[number];

/** The kinds of F&I products. Lenders limit some of them. */
export const ProductKind = ["service_contract", "gap", "maintenance", "tire_wheel", "appearance", "theft", "key", "other"] as const;
export type ProductKind = (typeof ProductKind)[number];

/** The reasons why a deal's rate is below the store's standard. */
export const RateReason = ["lender_cap", "payment_budget", "competing_offer", "promotion", "subvented_rate", "employee_programme", "inventory_reduction"] as const;
export type RateReason = (typeof RateReason)[number];

/** The reasons for moving a deal. */
export const Reason = ["customer_agrees", "customer_wants_better", "desk_advice", "gross_too_low", "payment_too_low", "cash_too_low", "term_too_long", "trade_overvalued", "better_programme", "other_car", "meets_policy", "exception_granted", "documents_missing", "car_not_available", "customer_returned", "terms_changed", "new_information", "customer_accepts", "bought_elsewhere", "not_ready", "price_too_high", "payment_too_high", "no_suitable_car", "unresponsive", "car_handed_over", "lender_paid", "customer_paid", "funding_refused", "car_returned", "mutual_agreement", "credit_application_incomplete", "insufficient_references", "references_not_verified", "irregular_employment", "employment_not_verified", "short_employment", "income_insufficient", "excessive_obligations", "income_not_verified", "short_residence", "residence_not_verified", "no_credit_file", "limited_credit_experience", "poor_performance_with_us", "delinquent_obligations", "collection_or_judgment", "garnishment", "repossession", "bankruptcy", "recent_inquiries", "collateral_insufficient", "offer_changed", "car_changed", "car_sold", "rates_changed", "lender_changed", "lender_expired", "edition_changed", "customer_changed", "day_changed"] as const;
export type Reason = (typeof Reason)[number];

/** The job of a user; a `customer` is whoever opened a link. Views limit what each role sees. */
export const Role = ["salesperson", "desk_manager", "operator", "customer"] as const;
export type Role = (typeof Role)[number];

/** Which stock a search reads: the deal's store, or every store of its group. */
export const Scope = ["store", "group"] as const;
export type Scope = (typeof Scope)[number];

/** The kinds of security events. */
export const SecurityKind = ["signed_in", "sign_in_refused", "sign_in_throttled", "signed_out", "token_refused", "forbidden", "origin_refused", "csrf_refused", "throttled", "flooded", "exported", "customer_viewed", "customers_listed", "user_added", "user_changed", "password_changed", "sessions_ended", "token_made", "token_revoked", "offer_opened", "offer_refused", "offer_throttled", "offer_shared", "offer_revoked", "events_lost", "customer_exported", "customer_restricted", "customer_erased"] as const;
export type SecurityKind = (typeof SecurityKind)[number];

/** The order in which a search reads the stock. */
export const Sort = ["price", "-price", "mileage", "-mileage", "year", "-year", "days_in_stock", "-days_in_stock"] as const;
export type Sort = (typeof Sort)[number];

/** The kinds of tasks on a deal, by law or by promise. */
export const TaskKind = ["adverse_action_notice", "appraisal"] as const;
export type TaskKind = (typeof TaskKind)[number];

/** Credit tier, best first. Lender programmes and risk curves are keyed by it. */
export const Tier = ["super_prime", "prime", "near_prime", "subprime", "deep_subprime"] as const;
export type Tier = (typeof Tier)[number];

/** Where the tier comes from. */
export const TierSource = ["stated", "soft_pull", "bureau"] as const;
export type TierSource = (typeof TierSource)[number];

/** The inputs that may change so that a contract reaches a target payment. */
export const Vary = ["price", "cash_down", "trade_allowance", "rate", "term"] as const;
export type Vary = (typeof Vary)[number];

/** A projection of the log: how much of each event a person sees. */
export const View = ["manager", "sales", "customer"] as const;
export type View = (typeof View)[number];

/** What a person should check before showing a quote to anyone. */
export const WarningCode = ["payoff_past_good_through", "discount_over_authority", "products_without_cost", "trade_not_appraised", "cost_unknown"] as const;
export type WarningCode = (typeof WarningCode)[number];

/** How far a client has read a channel: all events of `epoch` up to and including `seq`. */
export interface Position {
  epoch: string;
  seq: number;
}

/** Watch a channel; with `since`, only the missed events, if the log still has them. Reply: `JoinReply`. */
export interface Join {
  type: "join";
  channel: string;
  view: View;
  since?: Position | null;
  rows?: boolean;
  ref: number;
}

/** Stop watching a channel. Nothing of the channel arrives after the reply. */
export interface Leave {
  type: "leave";
  channel: string;
  ref: number;
}

/** Which cars a search considers. An empty list means any. */
export interface Filters {
  makes: string[];
  models: string[];
  bodies: string[];
  fuels: string[];
  year_min: number | null;
  year_max: number | null;
  mileage_max: number | null;
  price_min_cents: number | null;
  price_max_cents: number | null;
  days_in_stock_min: number | null;
  text: string | null;
}

/** Search the stock for this deal. A newer search supersedes an older one. Reply: `{search_id}`. */
export interface Search {
  type: "search";
  channel: string;
  op: string;
  filters?: Filters;
  sort?: Sort;
  limit?: number;
  ref: number;
}

/** Continue a search that ended by its limit, from the token of its `search_ended`. */
export interface More {
  type: "more";
  channel: string;
  op: string;
  search_id: string;
  token: string;
  ref: number;
}

/** End a running search. */
export interface Cancel {
  type: "cancel";
  channel: string;
  op: string;
  search_id: string;
  ref: number;
}

/** A partial `Trade`: a field that is `UNSET` stays as it was, the cash value above all. */
export interface TradeChanges {
  id: string;
  removed: boolean;
  year?: number | null;
  make?: string;
  model?: string;
  mileage?: number | null;
  vin?: string;
  lienholder?: string;
  allowance_cents?: number;
  payoff_cents?: number;
  payoff_quoted_on?: string | null;
  payoff_per_diem_cents?: number;
  payoff_good_through?: string | null;
  acv_cents?: number | null;
}

/** A product that the customer takes: its price, and its term if it is not that of the catalogue. */
export interface ProductLine {
  product_id: string;
  price_cents: number;
  term_months: number | null;
}

/** A partial `Structure`: a field that is `UNSET` stays as it was. */
export interface StructureChanges {
  kind?: DealKind;
  price_cents?: number | null;
  discount_cents?: number;
  fees_cents?: number;
  taxable_fees_cents?: number;
  doc_fee_cents?: number;
  products_cents?: number;
  taxable_products_cents?: number;
  products_cost_cents?: number | null;
  rebate_cents?: number;
  rebate_reduces_tax?: boolean;
  trade_allowance_cents?: number;
  payoff_cents?: number;
  payoff_good_through?: string | null;
  payoff_per_diem_cents?: number;
  trade_acv_cents?: number | null;
  trades?: TradeChanges[];
  trade_credit?: boolean;
  trade_credit_cap_cents?: number | null;
  cash_down_cents?: number;
  cash_down_max_cents?: number | null;
  prepaid_finance_cents?: number;
  tax_rate_bp?: number | null;
  rate_bp?: number | null;
  rate_reason?: RateReason | null;
  term_months?: number | null;
  terms_months?: number[];
  payment_min_cents?: number;
  payment_max_cents?: number | null;
  contract_date?: string | null;
  first_payment_date?: string | null;
  first_payment_days?: number | null;
  day_count?: DayCount;
  tier?: Tier;
  tier_source?: TierSource;
  scope?: Scope;
  lease_miles_per_year?: number | null;
  products?: ProductLine[];
  declined_products?: string[];
}

/** Change the deal's structure, based on `version`. Reply: `{version}`. */
export interface Terms {
  type: "terms";
  channel: string;
  op: string;
  version: number;
  changes: StructureChanges;
  ref: number;
}

/** Ask for the one input that brings the payment to `payment_cents`. */
export interface Roll {
  vary: Vary;
  payment_cents: number;
}

/** Price one car under the deal's structure with `changes`, which do not change the deal. Reply: `QuoteReply`. */
export interface Quote {
  type: "quote";
  channel: string;
  vehicle_id: string;
  changes?: StructureChanges;
  programme_id?: string | null;
  terms_months?: number[];
  cash_down_cents?: number[];
  roll?: Roll | null;
  grid_programme_id?: string | null;
  grid_best?: boolean;
  grid_step_cents?: number | null;
  keep_offer?: boolean;
  ref: number;
}

/** Ask for one car's structures that no other beats in both payment and NPV. Reply: `FrontierReply`. */
export interface Frontier {
  type: "frontier";
  channel: string;
  vehicle_id: string;
  ref: number;
}

/** Ask for the store's catalogue of F&I products. Reply: `ProductsReply`. */
export interface Products {
  type: "products";
  channel: string;
  ref: number;
}

/** Find cars of the deal's stock by stock number, VIN or words, also those that do not fit. Reply: `FindReply`. */
export interface Find {
  type: "find";
  channel: string;
  text: string;
  limit?: number;
  ref: number;
}

/** Put a car on the deal, priced as `quote` prices it with `changes` and `programme_id`. */
export interface Select {
  type: "select";
  channel: string;
  op: string;
  vehicle_id: string;
  changes?: StructureChanges;
  programme_id?: string | null;
  ref: number;
}

/** Pin an offer to the deal, next to others. */
export interface Pin {
  type: "pin";
  channel: string;
  op: string;
  vehicle_id: string;
  changes?: StructureChanges;
  programme_id?: string | null;
  ref: number;
}

/** Unpin an offer. `changes` are accepted and ignored. */
export interface Unpin {
  type: "unpin";
  channel: string;
  op: string;
  vehicle_id: string;
  changes?: StructureChanges;
  ref: number;
}

/** Hold a car for this deal for a while; holding it again extends the hold. Reply: `{until}`. */
export interface Hold {
  type: "hold";
  channel: string;
  op: string;
  vehicle_id: string;
  ref: number;
}

/** Release a car that this deal holds. Reply: `{until}`, which is null. */
export interface Release {
  type: "release";
  channel: string;
  op: string;
  vehicle_id: string;
  ref: number;
}

/** The figures that a person saw when they decided, as `AgreedFigures` has them. */
export interface SeenFigures {
  kind: DealKind;
  vehicle_id: string;
  payment_cents: number | null;
  term_months: number | null;
  cash_down_cents: number;
  rate_bp: number | null;
  lender: string | null;
  total_cents: number;
}

/** Submit the selected offer, repriced: with `figures` as it was seen, else as it is best today. */
export interface Submit {
  type: "submit";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  figures?: SeenFigures | null;
  ref: number;
}

/** Answer a submitted deal with a proposal: the agreed offer with `changes`, or of another programme. */
export interface Counter {
  type: "counter";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  figures?: SeenFigures | null;
  changes?: StructureChanges;
  programme_id?: string | null;
  ref: number;
}

/** Approve a submitted deal: this version, car, offer and rate sheet. */
export interface Approve {
  type: "approve";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  figures?: SeenFigures | null;
  ref: number;
}

/** Refuse a submitted deal. */
export interface Decline {
  type: "decline";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  ref: number;
}

/** Reopen a deal. */
export interface Reopen {
  type: "reopen";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  ref: number;
}

/** Sign the approved offer: the car is sold. */
export interface Sign {
  type: "sign";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  figures?: SeenFigures | null;
  ref: number;
}

/** Mark a deal lost. */
export interface Lose {
  type: "lose";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  ref: number;
}

/** Mark the car delivered. */
export interface Deliver {
  type: "deliver";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  ref: number;
}

/** Mark the contract funded. The lender must still approve, and every stipulation must be cleared. */
export interface Fund {
  type: "fund";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  ref: number;
}

/** Unwind a signed deal; the car is for sale again. */
export interface Unwind {
  type: "unwind";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  ref: number;
}

/** Lock a field of the structure for everyone but the desk. Reply: `{version}`. */
export interface Lock {
  type: "lock";
  channel: string;
  op: string;
  field: string;
  ref: number;
}

/** Unlock a field. Reply: `{version}`. */
export interface Unlock {
  type: "unlock";
  channel: string;
  op: string;
  field: string;
  ref: number;
}

/** Add a note for the people who work on the deal; customers never see it. Reply: `{note_id}`. */
export interface Note {
  type: "note";
  channel: string;
  op: string;
  text: string;
  ref: number;
}

/** Report the field of the structure that has the focus, or null. */
export interface Focus {
  type: "focus";
  channel: string;
  field?: string | null;
  ref: number;
}

/** Retry to value cars that failed. */
export interface Revalue {
  type: "revalue";
  channel: string;
  op: string;
  vehicle_id: string[];
  ref: number;
}

/** Report how many milliseconds after the command a stage of a search stood on the screen. */
export interface Painted {
  type: "painted";
  channel: string;
  search_id: string;
  stage: string;
  ms: number;
  after_ms?: number;
  ref: number;
}

/** Record what a lender decided; it overrides the lender's programmes for this deal until it expires. */
export interface LenderDecision {
  type: "lender_decision";
  channel: string;
  op: string;
  version: number;
  lender: string;
  status: LenderStatus;
  tier?: Tier | null;
  rate_bp?: number | null;
  advance_max_cents?: number | null;
  term_months?: number | null;
  stipulations?: string[];
  expires_at?: string | null;
  reasons?: Reason[];
  ref: number;
}

/** Mark a lender's stipulation as met. Reply: `{version}`. */
export interface ClearStipulation {
  type: "clear_stipulation";
  channel: string;
  op: string;
  stipulation_id: string;
  ref: number;
}

/** Mark a task as done, such as a notice that was sent. Reply: `{version}`. */
export interface FinishTask {
  type: "finish_task";
  channel: string;
  op: string;
  task_id: string;
  ref: number;
}

/** Give the deal to another salesperson of its store, or to a manager. */
export interface Assign {
  type: "assign";
  channel: string;
  op: string;
  version: number;
  salesperson_id: string;
  ref: number;
}

/** Ask the desk to appraise a trade: raises a task, which the trade's cash value ends. Reply: `{version}`. */
export interface RequestAppraisal {
  type: "request_appraisal";
  channel: string;
  op: string;
  trade_id: string;
  ref: number;
}

/** Partial `CustomerFacts`: a field that is `UNSET` stays as it was. */
export interface CustomerChanges {
  name?: string;
  state?: string;
  phone?: string;
  address_line?: string;
  city?: string;
  postal_code?: string;
  monthly_income_cents?: number | null;
  other_debt_cents?: number;
  score?: number | null;
  score_source?: TierSource | null;
  score_date?: string | null;
  current_payment_cents?: number | null;
  remaining_months?: number | null;
  co_name?: string | null;
  co_monthly_income_cents?: number | null;
  co_other_debt_cents?: number | null;
  co_score?: number | null;
  co_score_source?: TierSource | null;
  co_score_date?: string | null;
}

/** Change what the store knows of the deal's customer, for all of the customer's open deals. */
export interface ChangeCustomer {
  type: "customer";
  channel: string;
  op: string;
  version: number;
  changes: CustomerChanges;
  ref: number;
}

/** Submit the deal with the figures that the desk proposed. */
export interface Accept {
  type: "accept";
  channel: string;
  op: string;
  version: number;
  reason: Reason;
  more_reasons?: Reason[];
  figures?: SeenFigures | null;
  ref: number;
}

/** Ask for up to `limit` events of a deal before event number `before`, or for the latest. Reply: `HistoryPage`. */
export interface History {
  type: "history";
  channel: string;
  before?: number | null;
  limit?: number;
  ref: number;
}

/** Ask what recording a lender's decision would do to the selected offer. Reply: `LenderEffectReply`. */
export interface LenderEffect {
  type: "lender_effect";
  channel: string;
  lender: string;
  status?: LenderStatus | null;
  tier?: Tier | null;
  rate_bp?: number | null;
  advance_max_cents?: number | null;
  term_months?: number | null;
  ref: number;
}

/** Choose what the customer is shown. An empty list leaves it to the deal; all empty: the deal's own offer. Reply: `{}`. */
export interface PresentOffer {
  type: "present";
  channel: string;
  op: string;
  vehicle_ids?: string[];
  cash_down_cents?: number[];
  terms_months?: number[];
  kinds?: DealKind[];
  ref: number;
}

/** Make a link with which the customer opens the presentation on a device of their own. Reply: `ShareReply`. */
export interface Share {
  type: "share";
  channel: string;
  op: string;
  hours?: number;
  ref: number;
}

/** Revoke a link; pages that are open by it close at once. Reply: `{}`. */
export interface Unshare {
  type: "unshare";
  channel: string;
  op: string;
  link_id: string;
  ref: number;
}

/** Ask for everything that the customer is shown. Reply: `PresentationReply`, the same for everyone. */
export interface ShowPresentation {
  type: "presentation";
  channel: string;
  ref: number;
}

/** The figures of one cell, as the customer reads and accepts them. */
export interface CellFigures {
  total_cents: number;
  payment_cents: number | null;
  apr_percent: number | null;
  amount_financed_cents: number | null;
  finance_charge_cents: number | null;
  due_at_signing_cents: number | null;
}

/** Record that the customer likes a cell of the presentation. Reply: `{acceptance_id}`. */
export interface Like {
  type: "like";
  channel: string;
  op: string;
  ref: number;
  vehicle_id: string;
  kind: DealKind;
  term_months?: number | null;
  cash_down_cents: number;
  figures: CellFigures;
}

/** Duplicate the deal, or one of its scenarios, as a new scenario. Reply: `{scenario_id}`. */
export interface ScenarioAdd {
  type: "scenario_add";
  channel: string;
  op: string;
  name?: string | null;
  source?: string | null;
  changes?: StructureChanges;
  vehicle_id?: string | null;
  ref: number;
}

/** Change a scenario, based on its `version`, and price it again. Reply: `{scenario_version}`. */
export interface ScenarioChange {
  type: "scenario_change";
  channel: string;
  op: string;
  scenario_id: string;
  version: number;
  name?: string;
  changes?: StructureChanges;
  vehicle_id?: string | null;
  ref: number;
}

/** Remove a scenario; the deal stays as it is. Reply: `{}`. */
export interface ScenarioRemove {
  type: "scenario_remove";
  channel: string;
  op: string;
  scenario_id: string;
  ref: number;
}

/** Make a scenario the deal's: its structure and its car, as `terms` and `select` would, at once. */
export interface ScenarioUse {
  type: "scenario_use";
  channel: string;
  op: string;
  scenario_id: string;
  version: number;
  ref: number;
}

/** Find customers and deals of the store by name, phone, deal or stock number. Reply: `Found`. */
export interface LookUp {
  type: "look_up";
  channel: string;
  text: string;
  ref: number;
}

/** Ask for a page of the store's deals, closed ones too, the latest change first. Reply: `DealList`. */
export interface ListDeals {
  type: "list_deals";
  channel: string;
  after?: string | null;
  limit?: number;
  ref: number;
}

/** Ask for the store's people to whom a deal can be assigned, by name. Reply: `PeopleList`. */
export interface ListPeople {
  type: "list_people";
  channel: string;
  ref: number;
}

/** A customer, with the co-buyer if `co_name` is set. Amounts are per month; None: not known. */
export interface CustomerFacts {
  name: string;
  state: string;
  phone: string;
  address_line: string;
  city: string;
  postal_code: string;
  monthly_income_cents: number | null;
  other_debt_cents: number;
  score: number | null;
  score_source: TierSource | null;
  score_date: string | null;
  current_payment_cents: number | null;
  remaining_months: number | null;
  co_name: string | null;
  co_monthly_income_cents: number | null;
  co_other_debt_cents: number | null;
  co_score: number | null;
  co_score_source: TierSource | null;
  co_score_date: string | null;
}

/** Begin a deal for `customer_id`, or for a new customer of the store. Reply: `DealBegun`. */
export interface BeginDeal {
  type: "begin_deal";
  channel: string;
  op: string;
  customer_id?: string | null;
  customer?: CustomerFacts | null;
  ref: number;
}

/** Ask for a page of the store's security events, the newest first. Reply: `SecurityEventList`. */
export interface SecurityEvents {
  type: "security_events";
  channel: string;
  kind?: string;
  who?: string;
  since?: string;
  after?: string | null;
  limit?: number;
  ref: number;
}

/** Check that the server responds. Reply: `{server_time}`. */
export interface Ping {
  type: "ping";
  ref: number;
}

/** The versions of an answer's inputs. Two answers are comparable if these are equal. */
export interface Versions {
  inventory: string;
  rates: string;
  tax: string;
  risk: string;
  engine: string;
  limits: string;
  leases?: string;
  products: string | null;
}

/** The person who did something. */
export interface Actor {
  id: string;
  name: string;
  role: Role;
}

/** A search began. `estimate` is the planner's guess of the rows to read. `sort` is absent if the view hides the sort key. */
export interface SearchStarted {
  type: "search_started";
  channel: string;
  seq: number;
  at: string;
  search_id: string;
  deal_version: number;
  estimate: number;
  filters: Filters;
  versions: Versions;
  sort?: Sort;
  by?: Actor;
}

/** Cars that can become an acceptable deal; one array per column, each of length `rows`. */
export interface Matches {
  type: "matches";
  channel: string;
  seq: number;
  at: string;
  search_id: string;
  chunk: number;
  rows: number;
  columns: Record<string, unknown[]>;
}

/** The best structure of each car of a chunk; null if no structure is feasible. */
export interface Offers {
  type: "offers";
  channel: string;
  seq: number;
  at: string;
  search_id: string;
  chunk: number;
  rows: number;
  columns: Record<string, unknown[]>;
}

/** Every single change that makes a refused car acceptable; `kind` is the cheapest of them. */
export interface Fix {
  kind: FixKind;
  cash_cents?: number | null;
  price_cents?: number | null;
  term_months?: number | null;
  lender?: string | null;
  value_cents?: number | null;
  products_cents?: number | null;
  first_payment_days?: number | null;
  doc_fee_cents?: number | null;
  product_id?: string | null;
  product_price_cents?: number | null;
  opens?: number | null;
}

/** How many cars of the filters one limit kept out of a whole search. */
export interface Rejection {
  limit: string;
  cars: number;
  fix: Fix | null;
  cash_steps: number[][];
  term_opens: number[][];
  at_least: boolean;
}

/** When a stage of a search ran: from the first beginning to the last end of its `count` parts. */
export interface StageSpan {
  name: string;
  start_ms: number;
  end_ms: number;
  count?: number;
  of?: string;
}

/** No more matches come. `next` is the token for `more` if the limit ended the search. */
export interface SearchEnded {
  type: "search_ended";
  channel: string;
  seq: number;
  at: string;
  search_id: string;
  reason: EndReason;
  scanned: number;
  matched: number;
  chunks: number;
  next: string | null;
  rejected?: Rejection[];
  trace?: Record<string, number>;
  spans?: StageSpan[];
}

/** Every match so far is valued or failed. `trace` and `spans` are those of the workers. */
export interface SearchValued {
  type: "search_valued";
  channel: string;
  seq: number;
  at: string;
  search_id: string;
  offers: number;
  failed: number;
  trace?: Record<string, number>;
  spans?: StageSpan[];
}

/** Cars that could not be valued after every attempt. */
export interface ValueFailed {
  type: "value_failed";
  channel: string;
  seq: number;
  at: string;
  search_id: string;
  vehicle_id: string[];
  message: string;
}

/** The structure changed. `changes` holds the new values of the changed fields that the view shows. */
export interface DealChanged {
  type: "deal_changed";
  channel: string;
  seq: number;
  at: string;
  version: number;
  changes: Record<string, unknown>;
  before?: Record<string, unknown>;
  by?: Actor;
  same_results?: boolean;
}

/** What the desk approved: this version, car, offer and rate sheet, and nothing else. */
export interface Approval {
  deal_version: number;
  vehicle_id: string;
  rev: number;
  offer_id: string;
  rates: string;
  by: Actor;
}

/** What salesperson, customer and desk agreed on. */
export interface AgreedFigures {
  kind: DealKind;
  vehicle_id: string;
  payment_cents: number | null;
  term_months: number | null;
  cash_down_cents: number;
  rate_bp: number | null;
  lender?: string | null;
  total_cents: number;
}

/** Agreed figures before and after a change. `new` is null if they are not priced yet, or cannot be. */
export interface FiguresChange {
  old: AgreedFigures;
  new: AgreedFigures | null;
}

/** The car of an offer, as people know it. */
export interface OfferedCar {
  vin: string;
  stock_no: string;
  year: number;
  make: string;
  model: string;
  trim: string;
  mileage: number;
}

/** A lease to the cent, as the lessee's paper states it. Amounts in cents; names as `LeaseAnswer`. */
export interface OfferedLease {
  term_months: number;
  miles_per_year: number;
  msrp_cents: number;
  residual_cents: number;
  residual_bp: number;
  gross_cap_cents: number;
  cap_reduction_cents: number;
  adjusted_cap_cents: number;
  depreciation_cents: number;
  rent_charge_cents: number;
  payment_cents: number;
  payment_untaxed_cents: number;
  payment_tax_cents: number;
  payment_with_tax_cents: number;
  total_of_payments_cents: number;
  cash_down_cents: number;
  discount_cents: number;
  upfront_fees_cents: number;
  tax_at_signing_cents: number;
  tax_capitalised_cents: number;
  tax_cents: number;
  security_deposit_cents: number;
  due_at_signing_cents: number;
  acquisition_fee_cents: number;
  disposition_fee_cents: number;
  excess_mile_cents: number;
  total_out_of_pocket_cents: number;
  effective_monthly_cents: number;
  lender?: string;
  programme_id?: string;
  money_factor?: number;
}

/** The out-the-door price of a cash deal and the parts that make it up, in cents: */
export interface OfferedCash {
  out_the_door_cents: number;
  price_cents: number;
  discount_cents: number;
  fees_cents: number;
  tax_cents: number;
  products_cents: number;
  rebate_cents: number;
  trade_allowance_cents: number;
  payoff_cents: number;
}

/** An offer that someone selected or pinned: one car at revision `rev`, one structure, one programme. */
export interface DealOffer {
  offer_id: string;
  vehicle_id: string;
  rev: number;
  car: OfferedCar;
  deal_version: number;
  changes: Record<string, unknown>;
  price_cents: number;
  payment_cents: number;
  term_months: number;
  rate_bp: number;
  apr_percent: number;
  cash_down_cents: number;
  discount_cents: number;
  principal_cents: number;
  total_of_payments_cents?: number;
  programme_id?: string;
  lender?: string;
  tier?: Tier;
  stipulations?: string[];
  npv_cents?: number;
  stress_npv_cents?: number;
  incomplete?: string;
  score?: number;
  versions?: Versions;
  asked_programme_id?: string | null;
  pencil_id?: string;
  kind?: DealKind;
  lease?: OfferedLease;
  cash?: OfferedCash;
}

/** The desk's counter: another offer for the agreed car, which the salesperson accepts or answers. */
export interface Proposal {
  offer: DealOffer;
  figures: FiguresChange;
  reason: Reason;
  by: Actor;
  at: string;
}

/** A signed contract, as its pencil was stored. Nothing that happens later changes it. */
export interface Contract {
  pencil_id: string;
  vehicle_id: string;
  rev: number;
  car: OfferedCar;
  figures: AgreedFigures;
  quote: Record<string, unknown>;
  versions?: Versions;
  signed_by?: Actor;
  signed_at: string;
  customer?: string;
  text_version?: string;
}

/** The deal went from one state to another. After an approval, `approval` says what was approved. */
export interface StateChanged {
  type: "state_changed";
  channel: string;
  seq: number;
  at: string;
  version: number;
  from: DealState;
  to: DealState;
  by?: Actor;
  reason?: Reason;
  more_reasons?: Reason[];
  approval?: Approval | null;
  agreed?: AgreedFigures;
  figures?: FiguresChange;
  proposal?: Proposal;
  contract?: Contract;
}

/** This is now the deal's offer. `reason` is set if the server repriced it, and says why. */
export interface OfferSelected {
  type: "offer_selected";
  channel: string;
  seq: number;
  at: string;
  version: number;
  vehicle_id: string;
  offer: DealOffer;
  by?: Actor;
  reason?: Reason;
}

/** An offer was pinned. */
export interface OfferPinned {
  type: "offer_pinned";
  channel: string;
  seq: number;
  at: string;
  version: number;
  vehicle_id: string;
  offer: DealOffer;
  by?: Actor;
}

/** An offer was unpinned. Events that an older release wrote have no `offer`. */
export interface OfferUnpinned {
  type: "offer_unpinned";
  channel: string;
  seq: number;
  at: string;
  version: number;
  vehicle_id: string;
  offer?: DealOffer;
  by?: Actor;
}

/** Another live deal that wants the same car. `by` is its salesperson, or `other` of another store. */
export interface Wanting {
  by: string;
  deal_id: string | null;
}

/** A car on this screen was repriced, held, released, sold, or is wanted by another deal. */
export interface VehicleChanged {
  type: "vehicle_changed";
  channel: string;
  seq: number;
  at: string;
  vehicle_id: string;
  rev: number;
  status: string;
  price_cents: number;
  held_by?: string | null;
  held_until?: string | null;
  held_here?: boolean;
  wanted_by?: Wanting[];
}

/** This deal holds a car until a time. */
export interface VehicleHeld {
  type: "vehicle_held";
  channel: string;
  seq: number;
  at: string;
  vehicle_id?: string;
  until?: string;
  by?: Actor;
}

/** This deal no longer holds a car: it was released, or its time ran out. */
export interface VehicleReleased {
  type: "vehicle_released";
  channel: string;
  seq: number;
  at: string;
  vehicle_id?: string;
  by?: Actor;
}

/** The desk locked a field of the structure. */
export interface FieldLocked {
  type: "field_locked";
  channel: string;
  seq: number;
  at: string;
  version: number;
  field?: string;
  by?: Actor;
}

/** A field of the structure was unlocked. */
export interface FieldUnlocked {
  type: "field_unlocked";
  channel: string;
  seq: number;
  at: string;
  version: number;
  field?: string;
  by?: Actor;
}

/** A note was added. */
export interface NoteAdded {
  type: "note_added";
  channel: string;
  seq: number;
  at: string;
  id?: string;
  text?: string;
  by?: Actor;
}

/** A lender's condition for funding. `cleared_by` is null while it is open. */
export interface LenderStipulation {
  id: string;
  text: string;
  cleared_by: Actor | null;
}

/** What a lender decided about the customer; it overrides the lender's programmes until `expires_at`. */
export interface LenderTerms {
  decision_id: string;
  lender: string;
  status: LenderStatus;
  tier: Tier | null;
  rate_bp: number | null;
  advance_max_cents: number | null;
  term_months: number | null;
  stipulations: LenderStipulation[];
  expires_at: string | null;
  reasons: Reason[];
}

/** A lender decided, or its decision is no longer valid. */
export interface LenderDecided {
  type: "lender_decided";
  channel: string;
  seq: number;
  at: string;
  version: number;
  decision?: LenderTerms;
  by?: Actor;
}

/** A stipulation was met. */
export interface StipulationCleared {
  type: "stipulation_cleared";
  channel: string;
  seq: number;
  at: string;
  version: number;
  stipulation_id?: string;
  by?: Actor;
}

/** A signed contract was delivered, funded or unwound. */
export interface FulfilmentChanged {
  type: "fulfilment_changed";
  channel: string;
  seq: number;
  at: string;
  version: number;
  from: Fulfilment;
  to: Fulfilment;
  by?: Actor;
  reason?: Reason;
  more_reasons?: Reason[];
}

/** An open task. `due_on` is its last day; `trade_id` is the trade that is to be appraised. */
export interface DealTask {
  id: string;
  kind: TaskKind;
  reasons: Reason[];
  due_on: string;
  done_by: Actor | null;
  trade_id?: string;
}

/** A task was added, with a due date. */
export interface TaskRaised {
  type: "task_raised";
  channel: string;
  seq: number;
  at: string;
  version: number;
  task?: DealTask;
  by?: Actor;
}

/** A task was finished. Events that an older release wrote have no `kind`. */
export interface TaskDone {
  type: "task_done";
  channel: string;
  seq: number;
  at: string;
  version: number;
  task_id?: string;
  kind?: TaskKind;
  by?: Actor;
}

/** The deal's customer. `score` is for the manager's view; the customer's own view has the name only. */
export interface Customer {
  id: string;
  name: string;
  state?: string;
  monthly_income_cents?: number | null;
  score?: number | null;
  facts?: Record<string, unknown>;
}

/** The store learned something of the customer: `customer` is whole, as the view shows it. */
export interface CustomerChanged {
  type: "customer_changed";
  channel: string;
  seq: number;
  at: string;
  version: number;
  customer: Customer;
  by?: Actor;
  fields?: string[];
}

/** Another person sells this deal. */
export interface DealAssigned {
  type: "deal_assigned";
  channel: string;
  seq: number;
  at: string;
  version: number;
  from?: Actor;
  to?: Actor;
  by?: Actor;
  same_results?: boolean;
}

/** What a deal shows to its customer. An empty list stands for what the deal itself says. */
export interface Presentation {
  vehicle_ids: string[];
  cash_down_cents: number[];
  terms_months: number[];
  kinds: DealKind[];
}

/** The customer is shown something else; null: the deal's own offer. */
export interface PresentationChanged {
  type: "presentation_changed";
  channel: string;
  seq: number;
  at: string;
  presentation: Presentation | null;
  by?: Actor;
}

/** A link with which a customer opens the presentation. Its token is known to whoever made it. */
export interface OfferLink {
  id: string;
  by: Actor;
  at: string;
  expires_at: string;
  revoked: boolean;
  opens: number;
  last_opened_at: string | null;
}

/** Someone made a link for the customer. */
export interface LinkShared {
  type: "link_shared";
  channel: string;
  seq: number;
  at: string;
  link?: OfferLink;
  by?: Actor;
}

/** Someone revoked a link. */
export interface LinkRevoked {
  type: "link_revoked";
  channel: string;
  seq: number;
  at: string;
  link_id?: string;
  by?: Actor;
}

/** The customer opened a link, for the `opens`-th time. Once a minute at most. */
export interface LinkOpened {
  type: "link_opened";
  channel: string;
  seq: number;
  at: string;
  link_id?: string;
  opens?: number;
  opened_at?: string;
  by?: Actor;
}

/** What a customer liked, as it stood on the screen. Nothing that happens later changes it. */
export interface Acceptance {
  id: string;
  at: string;
  vehicle_id: string;
  car: OfferedCar;
  kind: DealKind;
  term_months: number | null;
  cash_down_cents: number;
  figures: CellFigures;
  text_version: string;
  version: string;
  by?: Actor;
  in_person: boolean;
  link_id?: string | null;
  address_digest?: string;
}

/** The customer likes a structure. */
export interface CustomerAccepted {
  type: "customer_accepted";
  channel: string;
  seq: number;
  at: string;
  acceptance: Acceptance;
  by?: Actor;
}

/** An event that this connection is not shown: its place in the sequence. */
export interface Hidden {
  type: "hidden";
  channel: string;
  seq: number;
  at: string;
  outdated?: boolean;
}

/** Why a scenario has no offer, in words. `binding` is the limit in the way, if one is. */
export interface ScenarioRefusal {
  message: string;
  binding: string | null;
}

/** A structure beside the deal's own, for the car `vehicle_id` (null: for no car yet). */
export interface Scenario {
  id: string;
  name: string;
  version: number;
  vehicle_id: string | null;
  structure: Record<string, unknown>;
  changes: Record<string, unknown>;
  programme_id: string | null;
  offer: DealOffer | null;
  refusal: ScenarioRefusal | null;
  outdated: Reason | null;
  of_the_deal: boolean;
  by: Actor;
  at: string;
}

/** A scenario was added. `source` is the name of the scenario that it duplicates, null for the deal. */
export interface ScenarioAdded {
  type: "scenario_added";
  channel: string;
  seq: number;
  at: string;
  scenario?: Scenario;
  source?: string | null;
  by?: Actor;
}

/** A scenario changed, which now has `scenario_version`. What is absent stays as it was. */
export interface ScenarioChanged {
  type: "scenario_changed";
  channel: string;
  seq: number;
  at: string;
  scenario_id?: string;
  scenario_version?: number;
  title?: string;
  name?: string;
  vehicle_id?: string | null;
  changes?: Record<string, unknown>;
  before?: Record<string, unknown>;
  asked?: Record<string, unknown>;
  programme_id?: string | null;
  offer?: DealOffer | null;
  refusal?: ScenarioRefusal | null;
  outdated?: Reason | null;
  by?: Actor;
}

/** A scenario was removed. */
export interface ScenarioRemoved {
  type: "scenario_removed";
  channel: string;
  seq: number;
  at: string;
  scenario_id?: string;
  title?: string;
  by?: Actor;
}

/** A scenario was put on the deal, which the events before this one changed. */
export interface ScenarioUsed {
  type: "scenario_used";
  channel: string;
  seq: number;
  at: string;
  scenario_id?: string;
  scenario_version?: number;
  deal_version?: number;
  title?: string;
  by?: Actor;
}

/** An open task as the wall lists it. */
export interface DueTask {
  id: string;
  kind: TaskKind;
  due_on: string;
}

/** One deal on the wall of its store, whole; replaces the row of the same deal unless it is older. */
export interface DealSummary {
  type: "deal_summary";
  channel: string;
  seq: number;
  at: string;
  deal_id: string;
  deal_version: number;
  removed: boolean;
  last_no?: number;
  customer?: string;
  salesperson?: Actor;
  state?: DealState;
  fulfilment?: Fulfilment | null;
  waiting_since?: string;
  changed_at?: string;
  changed_by?: string;
  last_change?: string;
  last_reason?: string | null;
  reason_by?: string | null;
  car?: string | null;
  vehicle_id?: string | null;
  payment_cents?: number | null;
  term_months?: number | null;
  lender?: string | null;
  npv_cents?: number | null;
  npv_history?: number[];
  contended?: boolean;
  open_tasks?: number;
  lender_status?: string | null;
  kind?: DealKind | null;
  out_the_door_cents?: number | null;
  accepted_at?: string | null;
  stock_no?: string | null;
  cash_down_cents?: number | null;
  tasks?: DueTask[];
  stipulations?: string[];
  stipulations_total?: number;
}

/** The person behind a connection. `rights` are the names of what the role may do. */
export interface User {
  id: string;
  name: string;
  role: Role;
  store_id: string;
  rights: string[];
  scores?: boolean;
}

/** What a connection may do, as the server enforces it. */
export interface Limits {
  frame_bytes: number;
  message_bytes: number;
  commands: number;
  commands_window_seconds: number;
  channels: number;
  outbox_bytes: number;
  outbox_age_seconds: number;
  log_events: number;
  log_bytes: number;
  log_seconds: number;
  frames?: number;
}

/** The first frame of a connection. `page_build` is the version of the page that this server serves. */
export interface Welcome {
  type: "welcome";
  protocol: string;
  server_time: string;
  connection_id: string;
  user: User;
  limits: Limits;
  commands: string[];
  page_build: string;
}

/** The `error` of a `reply`. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  retry: boolean;
  detail: Record<string, unknown>;
}

/** The one answer to a command. `data` where `ok`, else `error`. */
export interface Reply {
  type: "reply";
  ref: number;
  ok: boolean;
  data?: Record<string, unknown>;
  error?: ErrorBody;
}

/** At most 500 rows of the latest search: matches, with their offers so far, in parallel columns. */
export interface SnapshotRows {
  type: "snapshot_rows";
  channel: string;
  ref: number;
  part: number;
  rows: number;
  columns: Record<string, unknown[]>;
}

/** The snapshot is complete; events follow. */
export interface SnapshotEnd {
  type: "snapshot_end";
  channel: string;
  ref: number;
}

/** A person who watches a channel. `focus` is the field they are in; `deal_id` the deal that they are in, on the wall of a store. */
export interface Present {
  user_id: string;
  name: string;
  role: Role;
  focus: string | null;
  deal_id: string | null;
}

/** Everyone who watches the channel, as a complete list; never logged. */
export interface Presence {
  type: "presence";
  channel: string;
  here: Present[];
}

/** A message about the service for people. */
export interface Notice {
  type: "notice";
  code: string;
  message: string;
}

/** This client fell behind on the channel, or the channel has a new epoch: join it again. */
export interface Resync {
  type: "resync";
  channel: string;
}

/** A command takes long: the server still handles it. Repeated until its reply. */
export interface Working {
  type: "working";
  ref: number;
}

/** A field of the structure that the desk locked. */
export interface FieldLock {
  field: string;
  by: Actor;
}

/** A car that the deal holds until a time. */
export interface VehicleHold {
  vehicle_id: string;
  until: string;
  by: Actor;
}

/** A note for the people who work on the deal. */
export interface DealNote {
  id: string;
  text: string;
  by: Actor;
  at: string;
}

/** A deal as it stands. `structure` holds the fields of `Structure` that the view shows. */
export interface DealSnapshot {
  id: string;
  version: number;
  state: DealState;
  customer: Customer;
  structure: Record<string, unknown>;
  selected: DealOffer | null;
  selected_outdated?: boolean;
  pins: DealOffer[];
  locks?: FieldLock[];
  holds?: VehicleHold[];
  notes?: DealNote[];
  presence?: Present[];
  salesperson?: Actor;
  fulfilment: Fulfilment | null;
  approval?: Approval | null;
  lenders?: LenderTerms[];
  tasks?: DealTask[];
  agreed?: AgreedFigures | null;
  proposal?: Proposal | null;
  contract?: Contract | null;
  presentation?: Presentation | null;
  links?: OfferLink[];
  acceptances?: Acceptance[];
  scenarios?: Scenario[];
}

/** The latest search of a deal, without its rows. `ended` is its reason, or null while it runs. */
export interface SearchSnapshot {
  search_id: string;
  filters: Filters;
  sort?: Sort;
  scanned: number;
  matched: number;
  valued: number;
  failed: number;
  ended: EndReason | null;
  next: string | null;
  rejected?: Rejection[];
  trace?: Record<string, number>;
  spans?: StageSpan[];
}

/** The snapshot of a store's wall; its deals follow as `snapshot_rows`. */
export interface DeskSnapshot {
  store_id: string;
  name: string;
  presence: Present[];
}

/** Consecutive events of a deal, the oldest first. */
export interface HistoryPage {
  events: Record<string, unknown>[];
  more: boolean;
}

/** The state of a channel; its rows follow as `snapshot_rows`. */
export interface Snapshot {
  deal?: DealSnapshot;
  search?: SearchSnapshot | null;
  desk?: DeskSnapshot;
  history?: HistoryPage;
}

/** The `data` of the reply to `join`. `snapshot` is null if `recovered`. */
export interface JoinReply {
  epoch: string;
  seq: number;
  recovered: boolean;
  view: View;
  snapshot: Snapshot | null;
  paused?: boolean;
}

/** A trade as the contract counts it: `payoff_cents` is due on the contract date, the quote's per diem included. `equity_cents` is the allowance less the payoff; negative equity adds to the principal. */
export interface QuotedTrade {
  id: string;
  allowance_cents: number;
  payoff_cents: number;
  equity_cents: number;
}

/** The itemization of the amount financed: signed amounts that sum to it. */
export interface Itemization {
  cash_price_cents: number;
  tax_cents: number;
  fees_cents: number;
  products_cents: number;
  prior_loan_cents: number;
  rebate_cents: number;
  trade_equity_cents: number;
  cash_down_cents: number;
  prepaid_finance_cents: number;
}

/** One payment: its interest and principal, and the balance after it. */
export interface ScheduleRow {
  number: number;
  date: string;
  payment_cents: number;
  interest_cents: number;
  principal_cents: number;
  balance_cents: number;
}

/** The tax of one jurisdiction; the lines sum to the quote's `tax_cents`. */
export interface TaxLine {
  jurisdiction: string;
  tax_cents: number;
}

/** A product of a quoted contract. `adds_cents` is what it adds to the payment. */
export interface QuotedProduct {
  product_id: string;
  kind: ProductKind;
  name: string;
  provider: string;
  price_cents: number;
  term_months: number | null;
  payment_without_cents: number;
  adds_cents: number;
  optional: boolean;
  cost_cents?: number;
  gross_cents?: number;
  chargebacks_cents?: number;
}

/** The expected cash of a contract for its holder, not discounted: columns with one entry per month. */
export interface MonthlyCash {
  collected: number[];
  recovered: number[];
  servicing: number[];
}

/** The value of the deal to the group. `parts` sum to `npv_cents`, in the order in which they add up. */
export interface QuoteValue {
  npv_cents?: number;
  stress_npv_cents?: number;
  score?: number;
  parts?: Record<string, number>;
  monthly_cash_cents?: MonthlyCash;
}

/** A car's best lease. `value` is its value to the group: front and product gross, the reserve, and the chargebacks expected of it. No credit model is behind it. It is absent if the cost of the car is unknown. */
export interface QuotedLease {
  term_months: number;
  miles_per_year: number;
  msrp_cents: number;
  residual_cents: number;
  residual_bp: number;
  gross_cap_cents: number;
  cap_reduction_cents: number;
  adjusted_cap_cents: number;
  depreciation_cents: number;
  rent_charge_cents: number;
  payment_cents: number;
  payment_untaxed_cents: number;
  payment_tax_cents: number;
  payment_with_tax_cents: number;
  total_of_payments_cents: number;
  cash_down_cents: number;
  discount_cents: number;
  upfront_fees_cents: number;
  tax_at_signing_cents: number;
  tax_capitalised_cents: number;
  tax_cents: number;
  security_deposit_cents: number;
  due_at_signing_cents: number;
  acquisition_fee_cents: number;
  disposition_fee_cents: number;
  excess_mile_cents: number;
  total_out_of_pocket_cents: number;
  effective_monthly_cents: number;
  lender?: string;
  programme_id?: string;
  money_factor?: number;
  value?: QuoteValue;
  buy_factor?: number;
  stipulations?: string[];
}

/** The lease of a car, or the limit that refuses it. `best` is absent then. */
export interface QuotedLeases {
  eligible: boolean;
  best?: QuotedLease;
  binding?: string | null;
}

/** The car paid in full, at the stated discount, the structure's own or the least that the customer's cash needs. */
export interface QuotedCash {
  out_the_door_cents: number;
  price_cents: number;
  discount_cents: number;
  fees_cents: number;
  tax_cents: number;
  products_cents: number;
  rebate_cents: number;
  trade_allowance_cents: number;
  payoff_cents: number;
  covered?: boolean;
  value?: QuoteValue;
}

/** A programme that a grid can be of, with its rate at the offer's term; else at its first. */
export interface GridLender {
  programme_id: string;
  lender: string;
  rate_bp: number;
}

/** The pencil grid: one row for each term, one column for each cash down, all of one programme and one discount. If `programme_id` is null, each cell has the programme and the discount that are best there. `lenders` are the programmes to choose from; columns are `step_cents` apart. */
export interface QuoteGrid {
  terms_months: number[];
  cash_down_cents: number[];
  payment_cents: ((number | null)[])[];
  rate_bp: ((number | null)[])[];
  eligible: boolean[][];
  npv_cents?: ((number | null)[])[];
  score?: ((number | null)[])[];
  lender?: ((string | null)[])[];
  binding?: ((string | null)[])[];
  total_of_payments_cents?: ((number | null)[])[];
  discount_cents?: ((number | null)[])[];
  programme_id?: string | null;
  lenders?: GridLender[];
  step_cents?: number;
}

/** A warning: `code` for programs, `message` for a person. */
export interface QuoteWarning {
  code: WarningCode;
  message: string;
}

/** How to reach the target payment: `changes` of the structure, to be quoted or sent as `terms`. */
export interface QuoteRoll {
  vary: Vary;
  asked_cents: number;
  reached: boolean;
  payment_cents: number | null;
  last_payment_cents: number | null;
  changes: Record<string, unknown>;
  message: string | null;
}

/** One structure that no other structure beats in both payment and NPV. */
export interface FrontierPoint {
  term_months: number;
  rate_bp: number;
  cash_down_cents: number;
  discount_cents: number;
  payment_cents: number;
  programme_id?: string;
  lender?: string;
  npv_cents?: number;
  stress_npv_cents?: number;
  score?: number;
  rebate_cents?: number;
  rebate_given_up_cents?: number;
  excluded_rebates?: string[];
}

/** The rules of the rate sheet's row behind a quote, as `lending.Programme` defines them. */
export interface LenderRules {
  programme_id: string;
  term_min_months: number;
  term_max_months: number;
  year_min: number;
  year_max: number;
  mileage_min: number;
  mileage_max: number;
  advance_rule: AdvanceRule;
  ltv_min_bp: number;
  ltv_front_max_bp: number;
  ltv_total_max_bp: number;
  amount_min_cents: number;
  amount_max_cents: number;
  service_contract_max_cents: number | null;
  gap_max_cents: number | null;
  backend_max_cents: number | null;
  negative_equity_max_cents: number | null;
  down_min_cents: number;
  first_payment_days_min: number;
  first_payment_days_max: number;
  subvented: boolean;
  buy_rate_bp?: number;
  markup_max_bp?: number;
  reserve_max_cents?: number | null;
}

/** A product of the catalogue that the deal does not have, at its retail price: what it would add. */
export interface OfferedProduct {
  product_id: string;
  kind: ProductKind;
  name: string;
  provider: string;
  price_cents: number;
  term_months: number | null;
  adds_cents: number;
  declined: boolean;
  optional: boolean;
  accepted?: boolean;
}

/** A product of a package, as it would become a line of the deal: at the deal's price, else at retail. */
export interface PackageLine {
  product_id: string;
  name: string;
  price_cents: number;
  term_months: number | null;
  optional: boolean;
}

/** A package of the menu: its price, and the payment with it instead of the deal's products. */
export interface MenuPackage {
  name: string;
  lines: PackageLine[];
  price_cents: number;
  payment_cents: number;
  adds_cents: number;
  total_of_payments_cents: number;
  chosen: boolean;
  accepted?: boolean;
}

/** The products beside a quoted contract, all for the same car, lender, rate, term, cash and discount. */
export interface QuoteMenu {
  payment_without_cents: number;
  total_without_cents: number;
  offered: OfferedProduct[];
  packages: MenuPackage[];
}

/** The lease grid: one row for each term, one column for each cash down, of the lender of the best lease. */
export interface LeaseGrid {
  lender?: string;
  terms_months: number[];
  cash_down_cents: number[];
  over_max: boolean[];
  miles: number;
  miles_per_year: number[];
  payment_cents: ((number | null)[])[];
  due_at_signing_cents: ((number | null)[])[];
  total_of_payments_cents: ((number | null)[])[];
  eligible: boolean[][];
  lease_value_cents?: ((number | null)[])[];
  binding?: ((string | null)[])[];
  discount_cents?: number;
}

/** The `data` of the reply to `quote`: the structure, its versions, the grid and menu around it. */
export interface QuoteReply {
  eligible: boolean;
  price_cents: number;
  rebate_cents: number;
  payoff_cents: number;
  contract_date: string;
  first_payment_date: string;
  trades?: QuotedTrade[];
  discount_cents?: number;
  cash_down_cents?: number;
  term_months?: number;
  rate_bp?: number;
  tax_cents?: number;
  principal_cents?: number;
  amount_financed_cents?: number;
  payment_cents?: number;
  last_payment_cents?: number;
  total_interest_cents?: number;
  finance_charge_cents?: number;
  total_of_payments_cents?: number;
  apr_percent?: number;
  down_payment_cents?: number;
  total_sale_price_cents?: number;
  itemization?: Itemization;
  schedule?: ScheduleRow[];
  taxes?: TaxLine[];
  products?: QuotedProduct[];
  lender?: string;
  programme_id?: string;
  stipulations?: string[];
  value?: QuoteValue;
  binding?: string | null;
  fix?: Fix | null;
  rebate_given_up_cents?: number;
  excluded_rebates?: string[];
  kind?: DealKind;
  lease?: QuotedLeases;
  cash?: QuotedCash;
  vehicle_id: string;
  rev: number;
  versions: Versions;
  pencil_id: string;
  grid: QuoteGrid;
  warnings: QuoteWarning[];
  roll?: QuoteRoll;
  rate_or_rebate?: FrontierPoint[];
  lender_rules?: LenderRules;
  menu?: QuoteMenu;
  lease_grid?: LeaseGrid;
  over_cents?: number;
  over_lender?: string;
}

/** A point of the frontier. `passed_by` counts the points with a lower NPV that are worth more under stress: if there is one, a lower payment is worth more when losses rise. */
export interface StressedPoint {
  term_months: number;
  rate_bp: number;
  cash_down_cents: number;
  discount_cents: number;
  payment_cents: number;
  programme_id?: string;
  lender?: string;
  npv_cents?: number;
  stress_npv_cents?: number;
  score?: number;
  rebate_cents?: number;
  rebate_given_up_cents?: number;
  excluded_rebates?: string[];
  passed_by?: number;
}

/** The best structure with a payment above `over_cents` and up to `to_cents`. */
export interface PaymentBand {
  over_cents: number;
  to_cents: number;
  best: FrontierPoint;
}

/** The `data` of the reply to `frontier`: points by rising payment, the best of each payment band. */
export interface FrontierReply {
  vehicle_id: string;
  rev: number;
  points: StressedPoint[];
  bands: PaymentBand[];
  reversals?: number;
  versions: Versions;
}

/** The `data` of the reply to `find`: the car with this stock number first, then the others by price. */
export interface FindReply {
  rows: number;
  columns: Record<string, unknown[]>;
  more: boolean;
}

/** A customer that was found, with the phone number. */
export interface FoundCustomer {
  id: string;
  name: string;
  co_name: string | null;
  city: string;
  phone: string;
}

/** A deal in the list of a store's deals. `fulfilment` says how far a signed one has come, else null. */
export interface ListedDeal {
  id: string;
  channel: string;
  customer: string;
  state: DealState;
  version: number;
  store_id: string;
  updated_at: string;
  fulfilment: Fulfilment | null;
}

/** The answer to `GET /api/find`: the customers of a name or phone number, and deals of those customers, of a deal's number or of a stock number. */
export interface Found {
  customers: FoundCustomer[];
  deals: ListedDeal[];
}

/** The answer to `GET /api/deals`; `next` is the `after` of the next page, null on the last one. */
export interface DealList {
  deals: ListedDeal[];
  next: string | null;
}

/** The answer to `POST /api/deals`. */
export interface DealBegun {
  id: string;
  channel: string;
  version: number;
}

/** The `data` of the reply to `list_people`: those who may sign in, and who sell or run the desk. */
export interface PeopleList {
  people: Actor[];
}

/** A security event, which happened `count` times from `at` to `until`. */
export interface ListedSecurityEvent {
  id: number;
  at: string;
  until: string;
  count: number;
  kind: SecurityKind;
  login: string;
  login_digest: string;
  address: string;
  store_id: string | null;
  user_id: string | null;
  connection_id: string;
  deal_id: string | null;
  customer_ids: string[];
  detail: Record<string, string | number>;
}

/** The answer to `GET /api/security-events`; `next` is the `after` of the next page, or null. */
export interface SecurityEventList {
  events: ListedSecurityEvent[];
  next: string | null;
}

/** A lender that finances a product, and the most that it finances of its price; None without a cap. */
export interface LenderCap {
  lender: string;
  cap_cents: number | null;
}

/** A product of the store's catalogue. */
export interface CatalogueProduct {
  product_id: string;
  kind: ProductKind;
  name: string;
  provider: string;
  retail_cents: number;
  term_months: number | null;
  taxable: boolean;
  optional: boolean;
  cancellable?: boolean;
  earning?: Earning;
  lenders?: LenderCap[];
  cost_cents?: number;
}

/** A package: its name and its products. */
export interface CataloguePackage {
  name: string;
  product_ids: string[];
}

/** The `data` of the reply to `products`: the catalogue in force. Without one all is empty. */
export interface ProductsReply {
  catalogue_version: string | null;
  products: CatalogueProduct[];
  packages: CataloguePackage[];
}

/** A lender's own programme for a deal, as the rate sheet has it. */
export interface ProgrammeFigures {
  programme_id: string;
  tier: Tier;
  term_months: number;
  buy_rate_bp: number;
  amount_max_cents: number;
}

/** The `data` of the reply to `lender_effect`: what a lender's decision would do to the offer. */
export interface LenderEffectReply {
  programme: ProgrammeFigures | null;
  figures: FiguresChange | null;
  npv_cents: number | null;
  new_npv_cents: number | null;
  returns: boolean;
}

/** The trade-ins of the deal together. */
export interface ShownTrade {
  allowance_cents: number;
  payoff_cents: number;
  equity_cents: number;
}

/** One term with one amount of cash down. A car paid in full has no term. */
export interface ShownCell {
  term_months: number | null;
  cash_down_cents: number;
  figures: CellFigures;
}

/** A place in `ShownWay.cells`. */
export interface ShownPlace {
  row: number;
  column: number;
}

/** An amount of a sum, signed as it adds up. */
export interface ShownLine {
  name: string;
  cents: number;
}

/** An optional product. `without_cents` is the payment without it, or the price out the door of a car paid in full; null if it is not known. */
export interface ShownProduct {
  name: string;
  price_cents: number;
  without_cents: number | null;
}

/** One way to pay for one car. */
export interface ShownWay {
  kind: DealKind;
  is_deal: boolean;
  terms_months: number[];
  cash_down_cents: number[];
  cells: ((ShownCell | null)[])[];
  own: ShownCell;
  own_place: ShownPlace | null;
  lines: ShownLine[];
  reductions: ShownLine[];
  signing: ShownLine[];
  products: ShownProduct[];
  miles_per_year: number | null;
  excess_mile_cents: number | null;
  first_payment_date: string | null;
  contract_date: string;
  estimate: string;
  disclosures: string[];
  version: string;
}

/** One car with the ways to pay for it. `unavailable` are those of the presentation that it lacks. */
export interface ShownCar {
  vehicle_id: string;
  rev: number;
  car: OfferedCar;
  headline: string;
  price_cents: number;
  trade: ShownTrade | null;
  ways: ShownWay[];
  unavailable: DealKind[];
}

/** The `data` of the reply to `presentation`. */
export interface PresentationReply {
  deal_id: string;
  version: number;
  store: string;
  salesperson: string;
  customer: string;
  stated: Presentation | null;
  shown: Presentation;
  cars: ShownCar[];
  missing: string[];
  disclosures: string[];
  optional: string;
  text_version: string;
  as_of: string;
  valid_until: string;
  can_accept: boolean;
}

/** The `data` of the reply to `share`. `path` ends in `#` and the token: no log and no Referer has it. To a page, `qr` is the code of its origin with `path`: a row of modules each, "1" is dark. */
export interface ShareReply {
  link_id: string;
  path: string;
  expires_at: string;
  qr?: string[];
}

/** The answer to `POST /api/offer-session`: the channel that the customer's page joins. */
export interface OfferSession {
  channel: string;
  expires_at: string;
}

/** A car that the customer trades in. An empty text, or None, means that nobody knows yet. */
export interface Trade {
  id: string;
  year: number | null;
  make: string;
  model: string;
  mileage: number | null;
  vin: string;
  lienholder: string;
  allowance_cents: number;
  payoff_cents: number;
  payoff_quoted_on: string | null;
  payoff_per_diem_cents: number;
  payoff_good_through: string | null;
  acv_cents: number | null;
}

/** The terms that customer and store want; the car is not part of them. */
export interface Structure {
  kind: DealKind;
  price_cents: number | null;
  discount_cents: number;
  fees_cents: number;
  taxable_fees_cents: number;
  doc_fee_cents: number;
  products_cents: number;
  taxable_products_cents: number;
  products_cost_cents: number | null;
  rebate_cents: number;
  rebate_reduces_tax: boolean;
  trade_allowance_cents: number;
  payoff_cents: number;
  payoff_good_through: string | null;
  payoff_per_diem_cents: number;
  trade_acv_cents: number | null;
  trades: Trade[];
  trade_credit: boolean;
  trade_credit_cap_cents: number | null;
  cash_down_cents: number;
  cash_down_max_cents: number | null;
  prepaid_finance_cents: number;
  tax_rate_bp: number | null;
  rate_bp: number | null;
  rate_reason: RateReason | null;
  term_months: number | null;
  terms_months: number[];
  payment_min_cents: number;
  payment_max_cents: number | null;
  contract_date: string | null;
  first_payment_date: string | null;
  first_payment_days: number | null;
  day_count: DayCount;
  tier: Tier;
  tier_source: TierSource;
  scope: Scope;
  lease_miles_per_year: number | null;
  products: ProductLine[];
  declined_products: string[];
}

export type AnyCommand =
  | Join
  | Leave
  | Search
  | More
  | Cancel
  | Terms
  | Quote
  | Frontier
  | Products
  | Find
  | Select
  | Pin
  | Unpin
  | Hold
  | Release
  | Submit
  | Counter
  | Approve
  | Decline
  | Reopen
  | Sign
  | Lose
  | Deliver
  | Fund
  | Unwind
  | Lock
  | Unlock
  | Note
  | Focus
  | Revalue
  | Painted
  | LenderDecision
  | ClearStipulation
  | FinishTask
  | Assign
  | RequestAppraisal
  | ChangeCustomer
  | Accept
  | History
  | LenderEffect
  | PresentOffer
  | Share
  | Unshare
  | ShowPresentation
  | Like
  | ScenarioAdd
  | ScenarioChange
  | ScenarioRemove
  | ScenarioUse
  | LookUp
  | ListDeals
  | ListPeople
  | BeginDeal
  | SecurityEvents
  | Ping;

export type AnyEvent =
  | SearchStarted
  | Matches
  | Offers
  | SearchEnded
  | SearchValued
  | ValueFailed
  | DealChanged
  | StateChanged
  | OfferSelected
  | OfferPinned
  | OfferUnpinned
  | VehicleChanged
  | VehicleHeld
  | VehicleReleased
  | FieldLocked
  | FieldUnlocked
  | NoteAdded
  | LenderDecided
  | StipulationCleared
  | FulfilmentChanged
  | TaskRaised
  | TaskDone
  | CustomerChanged
  | DealAssigned
  | PresentationChanged
  | LinkShared
  | LinkRevoked
  | LinkOpened
  | CustomerAccepted
  | Hidden
  | ScenarioAdded
  | ScenarioChanged
  | ScenarioRemoved
  | ScenarioUsed
  | DealSummary;

export type AnyMessage =
  | SearchStarted
  | Matches
  | Offers
  | SearchEnded
  | SearchValued
  | ValueFailed
  | DealChanged
  | StateChanged
  | OfferSelected
  | OfferPinned
  | OfferUnpinned
  | VehicleChanged
  | VehicleHeld
  | VehicleReleased
  | FieldLocked
  | FieldUnlocked
  | NoteAdded
  | LenderDecided
  | StipulationCleared
  | FulfilmentChanged
  | TaskRaised
  | TaskDone
  | CustomerChanged
  | DealAssigned
  | PresentationChanged
  | LinkShared
  | LinkRevoked
  | LinkOpened
  | CustomerAccepted
  | Hidden
  | ScenarioAdded
  | ScenarioChanged
  | ScenarioRemoved
  | ScenarioUsed
  | DealSummary
  | Welcome
  | Reply
  | SnapshotRows
  | SnapshotEnd
  | Presence
  | Notice
  | Resync
  | Working;
