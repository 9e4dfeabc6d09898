"""The fields that each view shows.

These are allow lists: only managers see a new field until it is listed here.
"""

from typing import Final

from protocol.deal.agreed import AgreedFigures, Contract, Proposal
from protocol.deal.customers import SCORES, CustomerFacts
from protocol.deal.deal_parts import Approval, DealOffer, DealTask, LenderTerms, OfferedCash, OfferedLease
from protocol.deal.presenting import Acceptance
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import Structure
from protocol.deal.trades import Trade
from protocol.deal.workflow import TaskKind
from protocol.events import CLAIM_COLUMNS, MATCH_COLUMNS, OFFER_COLUMNS, DealSnapshot
from protocol.money.pricing import PriceAnswer
from protocol.money.quotes import FrontierReply, LenderRules, StressedPoint, WarningCode
from protocol.money.ways import LeaseGrid
from protocol.records import Filters, Sort, View
from server.hub.sight.link_seen import ACCEPTANCE_FIELDS as OF_CUSTOMERS_ACCEPTANCE

_STRUCTURE: Final = frozenset(Structure.__struct_fields__)
_DESK_ONLY: Final = frozenset({"trade_acv_cents", "products_cost_cents"})
# The content of a printed pencil, and the customer's own wishes.
_PENCIL: Final = frozenset(
    {
        "kind", "price_cents", "discount_cents", "fees_cents", "taxable_fees_cents", "doc_fee_cents",
        "lease_miles_per_year", "products_cents", "taxable_products_cents", "rebate_cents",
        "rebate_reduces_tax",
        "trade_allowance_cents", "payoff_cents", "payoff_good_through", "payoff_per_diem_cents", "trades",
        "trade_credit", "trade_credit_cap_cents", "cash_down_cents", "prepaid_finance_cents", "tax_rate_bp",
        "rate_bp", "term_months", "terms_months", "payment_min_cents", "payment_max_cents", "contract_date",
        "first_payment_date", "first_payment_days", "day_count", "scope", "products", "declined_products",
    }
)  # fmt: skip
STRUCTURE_FIELDS: Final = {
    View.MANAGER: _STRUCTURE,
    View.SALES: _STRUCTURE - _DESK_ONLY,
    View.CUSTOMER: _PENCIL,
}
"""The fields of a deal's structure that each view shows, and may change."""

TRADE_FIELDS: Final = tuple(name for name in Trade.__struct_fields__ if name != "acv_cents")
"""The fields of a trade that everybody sees: the customer's own car and loan. The cash value is the desk's;
the sales view has ``appraised`` in its place.
"""

_CAR: Final = ("vehicle_id", "rev", "vin", "stock_no", "year", "make", "model", "trim", "body", "mileage",
               "price_cents", "store_id", "payment_min_cents", "payment_max_cents", "fuel")  # fmt: skip
_PAYMENT: Final = ("vehicle_id", "rev", "payment_cents", "term_months", "rate_bp", "cash_down_cents",
                   "discount_cents", "rebate_given_up_cents", "kind", "out_the_door_cents",
                   "lease_payment_cents", "lease_term_months", "lease_due_at_signing_cents",
                   "lease_miles_per_year")  # fmt: skip
_VALUE: Final = (*("lender", "npv_cents", "stress_npv_cents", "binding", "fix", "frontier", "lease_lender"),)
_VALUED: Final = ("valued",)

COLUMNS: Final = {
    View.MANAGER: frozenset((*MATCH_COLUMNS, *OFFER_COLUMNS, *_VALUED, *CLAIM_COLUMNS)),
    View.SALES: frozenset(
        (*_CAR, "days_in_stock", "transfer_days", "days_supply", *_PAYMENT, *_VALUE, *_VALUED, *CLAIM_COLUMNS)
    ),
    View.CUSTOMER: frozenset((*_CAR, *_PAYMENT, *_VALUED)),
}
"""The columns of ``matches``, ``offers`` and ``snapshot_rows`` that each view shows."""

_PRINTED: Final = (
    *("vehicle_id", "rev", "eligible", "price_cents", "rebate_cents", "payoff_cents", "contract_date"),
    *("first_payment_date", "discount_cents", "cash_down_cents", "term_months", "rate_bp", "taxes"),
    *PriceAnswer.__struct_fields__,
    *("trades", "products", "grid", "versions", "pencil_id", "warnings", "roll", "menu"),
    *("rebate_given_up_cents", "excluded_rebates", "rate_or_rebate", "kind", "lease", "cash", "lease_grid"),
)
QUOTE_FIELDS: Final = {
    View.SALES: (
        *(*_PRINTED, "lender", "programme_id", "stipulations", "value", "binding", "fix"),
        *("lender_rules", "over_cents", "over_lender"),
    ),
    View.CUSTOMER: _PRINTED,
}
_BUY_SIDE: Final = frozenset({"buy_rate_bp", "markup_max_bp", "reserve_max_cents"})
RULE_FIELDS: Final = tuple(name for name in LenderRules.__struct_fields__ if name not in _BUY_SIDE)
"""The rules of a lender's row that a salesperson sees: not what the store earns."""
_CASH: Final = OfferedCash.__struct_fields__
CASH_FIELDS: Final = {View.SALES: (*_CASH, "covered"), View.CUSTOMER: _CASH}
_INSIDE_LEASE: Final = frozenset({"lender", "programme_id", "money_factor"})
_LEASE: Final = tuple(name for name in OfferedLease.__struct_fields__ if name not in _INSIDE_LEASE)
LEASE_FIELDS: Final = {
    View.SALES: (*OfferedLease.__struct_fields__, "stipulations"),
    View.CUSTOMER: _LEASE,
}
"""The value of a lease or a cash deal is its gross, which would give away the cost of the car."""
LEASES_FIELDS: Final = {View.SALES: ("eligible", "best", "binding"), View.CUSTOMER: ("eligible", "best")}
_LEASE_CELLS: Final = tuple(
    name for name in LeaseGrid.__struct_fields__ if name not in ("lender", "lease_value_cents", "binding")
)
LEASE_GRID_FIELDS: Final = {
    View.SALES: (*_LEASE_CELLS, "lender", "binding"),
    View.CUSTOMER: _LEASE_CELLS,
}
TOTAL_VALUE: Final = ("npv_cents", "stress_npv_cents")
CUSTOMER_WARNINGS: Final = frozenset({WarningCode.PAYOFF_PAST_GOOD_THROUGH})
_CELLS: Final = (
    *("terms_months", "cash_down_cents", "payment_cents", "rate_bp", "eligible"),
    *("total_of_payments_cents", "discount_cents", "step_cents"),
)
GRID_FIELDS: Final = {
    View.SALES: (*_CELLS, "npv_cents", "lender", "binding", "programme_id", "lenders"),
    View.CUSTOMER: _CELLS,
}
_ROLLED: Final = ("vary", "asked_cents", "reached", "payment_cents", "last_payment_cents", "changes")
ROLL_FIELDS: Final = {View.SALES: (*_ROLLED, "message"), View.CUSTOMER: _ROLLED}
_PRODUCT: Final = frozenset(
    {
        "product_id", "kind", "name", "provider", "price_cents", "retail_cents", "term_months", "taxable",
        "cancellable", "optional", "declined", "chosen", "adds_cents", "payment_cents",
        "payment_without_cents", "total_of_payments_cents", "total_without_cents", "lines", "offered",
        "packages", "products", "product_ids", "catalogue_version",
    }
)  # fmt: skip
PRODUCT_FIELDS: Final = {
    View.SALES: _PRODUCT | {"accepted", "lenders", "lender", "cap_cents", "earning"},
    View.CUSTOMER: _PRODUCT,
}
"""The fields of products in a quote, in its menu and in the catalogue, at every depth."""

_POINT: Final = (
    *("term_months", "rate_bp", "cash_down_cents", "discount_cents", "payment_cents"),
    *("rebate_cents", "rebate_given_up_cents", "excluded_rebates"),
)
POINT_FIELDS: Final = {
    View.MANAGER: StressedPoint.__struct_fields__,
    View.SALES: (*_POINT, "programme_id", "lender", "npv_cents", "stress_npv_cents", "passed_by"),
    View.CUSTOMER: _POINT,
}
_FRONTIER: Final = ("vehicle_id", "rev", "points", "bands", "versions")
FRONTIER_FIELDS: Final = {
    View.MANAGER: FrontierReply.__struct_fields__,
    View.SALES: (*_FRONTIER, "reversals"),
    View.CUSTOMER: _FRONTIER,
}

_OFFER: Final = (
    *("offer_id", "vehicle_id", "rev", "car", "deal_version", "changes", "price_cents", "payment_cents"),
    *("term_months", "rate_bp", "apr_percent", "cash_down_cents", "discount_cents", "principal_cents"),
    *("kind", "lease", "cash"),
)
OFFER_FIELDS: Final = {View.SALES: DealOffer.__struct_fields__, View.CUSTOMER: _OFFER}
LENDER_FIELDS: Final = tuple(name for name in LenderTerms.__struct_fields__ if name != "rate_bp")
APPROVAL_FIELDS: Final = Approval.__struct_fields__
_FIGURES: Final = AgreedFigures.__struct_fields__
AGREED_FIELDS: Final = {
    View.SALES: _FIGURES,
    View.CUSTOMER: tuple(name for name in _FIGURES if name != "lender"),
}
PROPOSAL_FIELDS: Final = Proposal.__struct_fields__
SCENARIO_FIELDS: Final = Scenario.__struct_fields__
"""Of a view that shows scenarios: customers see none."""

_CONTRACT: Final = Contract.__struct_fields__
CONTRACT_FIELDS: Final = {
    View.SALES: _CONTRACT,
    View.CUSTOMER: tuple(name for name in _CONTRACT if name != "signed_by"),
}
ACCEPTANCE_FIELDS: Final = {
    View.SALES: tuple(name for name in Acceptance.__struct_fields__ if name != "address_digest"),
    View.CUSTOMER: OF_CUSTOMERS_ACCEPTANCE,
}
_DEAL: Final = (
    *("id", "version", "state", "customer", "structure", "selected", "pins", "fulfilment", "agreed"),
    *("contract", "presentation", "acceptances"),
)
DEAL_FIELDS: Final = {
    View.MANAGER: DealSnapshot.__struct_fields__,
    View.SALES: (
        *_DEAL,
        "selected_outdated",
        "locks",
        "holds",
        "notes",
        "presence",
        "salesperson",
        "approval",
        "lenders",
        "tasks",
        "proposal",
        "links",
        "scenarios",
    ),
    View.CUSTOMER: _DEAL,
}
"""The fields of a deal's snapshot that each view shows."""

ENVELOPE: Final = ("type", "channel", "seq", "at")
OF_NEWER: Final = ("version",)  # of an event of a newer release: the deal's version moves with it
_CHANGED_CAR: Final = ("vehicle_id", "rev", "status", "price_cents")
_SUMMARY: Final = (
    *("deal_id", "deal_version", "removed", "last_no", "customer", "salesperson", "state", "fulfilment"),
    *("waiting_since", "changed_at", "changed_by", "last_change", "last_reason", "reason_by"),
    "accepted_at",
)
_SUMMARY_OFFER: Final = (
    *("car", "vehicle_id", "payment_cents", "term_months", "contended", "kind", "out_the_door_cents"),
    *("stock_no", "cash_down_cents"),
)
_COUNTS: Final = ("search_id", "reason", "scanned", "matched", "chunks", "next")
_SCENARIO_CHANGED: Final = (
    *("scenario_id", "scenario_version", "title", "name", "vehicle_id", "changes", "before", "asked"),
    *("programme_id", "offer", "refusal", "outdated", "by"),
)
_MOVED: Final = ("version", "from", "to", "agreed", "contract")
EVENT_FIELDS: Final = {
    View.SALES: {
        "search_started": ("search_id", "deal_version", "estimate", "filters", "sort", "versions", "by"),
        "matches": ("search_id", "chunk", "rows", "columns"),
        "offers": ("search_id", "chunk", "rows", "columns"),
        "search_ended": (*_COUNTS, "rejected", "trace", "spans"),
        "search_valued": ("search_id", "offers", "failed", "trace", "spans"),
        "value_failed": ("search_id", "vehicle_id", "message"),
        "deal_changed": ("version", "changes", "before", "by"),
        "state_changed": (*_MOVED, "by", "reason", "more_reasons", "approval", "figures", "proposal"),
        "offer_selected": ("version", "vehicle_id", "offer", "by", "reason"),
        "offer_pinned": ("version", "vehicle_id", "offer", "by"),
        "offer_unpinned": ("version", "vehicle_id", "offer", "by"),
        "vehicle_changed": (*_CHANGED_CAR, "held_by", "held_until", "held_here", "wanted_by"),
        "vehicle_held": ("vehicle_id", "until", "by"),
        "vehicle_released": ("vehicle_id", "by"),
        "field_locked": ("version", "field", "by"),
        "field_unlocked": ("version", "field", "by"),
        "note_added": ("id", "text", "by"),
        "lender_decided": ("version", "decision", "by"),
        "stipulation_cleared": ("version", "stipulation_id", "by"),
        "fulfilment_changed": ("version", "from", "to", "by", "reason", "more_reasons"),
        "customer_changed": ("version", "customer", "by"),
        "deal_assigned": ("version", "from", "to", "by"),
        # Of appraisals, which salespeople request; what else the desk must do is its own.
        "task_raised": ("version", "task", "by"),
        "task_done": ("version", "task_id", "kind", "by"),
        "presentation_changed": ("presentation", "by"),
        "link_shared": ("link", "by"),
        "link_revoked": ("link_id", "by"),
        "link_opened": ("link_id", "opens", "opened_at", "by"),
        "customer_accepted": ("acceptance", "by"),
        "scenario_added": ("scenario", "source", "by"),
        "scenario_changed": _SCENARIO_CHANGED,
        "scenario_removed": ("scenario_id", "title", "by"),
        "scenario_used": ("scenario_id", "scenario_version", "deal_version", "title", "by"),
        "deal_summary": (*_SUMMARY, *_SUMMARY_OFFER, "npv_cents", "npv_history", "lender", "lender_status"),
    },
    View.CUSTOMER: {
        "search_started": ("search_id", "deal_version", "estimate", "filters", "sort", "versions"),
        "matches": ("search_id", "chunk", "rows", "columns"),
        "offers": ("search_id", "chunk", "rows", "columns"),
        "search_ended": _COUNTS,
        "search_valued": ("search_id", "offers", "failed"),
        "value_failed": ("search_id", "vehicle_id", "message"),
        "deal_changed": ("version", "changes", "before"),
        "state_changed": _MOVED,
        "offer_selected": ("version", "vehicle_id", "offer"),
        "offer_pinned": ("version", "vehicle_id", "offer"),
        "offer_unpinned": ("version", "vehicle_id", "offer"),
        "vehicle_changed": _CHANGED_CAR,
        "field_locked": ("version",),
        "field_unlocked": ("version",),
        "lender_decided": ("version",),
        "stipulation_cleared": ("version",),
        "fulfilment_changed": ("version", "from", "to"),
        "customer_changed": ("version", "customer"),
        "deal_assigned": ("version",),
        "task_raised": ("version",),
        "task_done": ("version",),
        "presentation_changed": ("presentation",),
        "customer_accepted": ("acceptance",),
        "deal_summary": ("deal_id", "deal_version", "removed"),
    },
}

FACTS: Final = {
    View.MANAGER: CustomerFacts.__struct_fields__,
    View.SALES: tuple(name for name in CustomerFacts.__struct_fields__ if name not in SCORES),
    View.CUSTOMER: (),
}
"""The facts of a customer that each view shows, and may change."""

TASK_FIELDS: Final = DealTask.__struct_fields__
SALES_TASKS: Final = frozenset({TaskKind.APPRAISAL})
"""The tasks that salespeople see."""

SORTED_BY: Final = {sort: sort.value.removeprefix("-") for sort in Sort} | {
    Sort.PRICE: "price_cents",
    Sort.PRICE_DESC: "price_cents",
}
"""The column behind each sort order of a search."""

FILTER_FIELDS: Final = {
    View.MANAGER: Filters.__struct_fields__,
    View.SALES: Filters.__struct_fields__,
    View.CUSTOMER: tuple(name for name in Filters.__struct_fields__ if name != "days_in_stock_min"),
}
"""The filters of a search that each view shows."""
