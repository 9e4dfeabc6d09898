"""What of the one log a person sees: pure projections onto the three views.

Everything is a list of what a view shows, never of what it hides: a field that is added to an event later is
seen by nobody but managers until it is listed here. Only the manager's view takes an event as it stands in
the log.
"""

from collections.abc import Iterable
from typing import Any, Final

from protocol import codec
from protocol.deal_parts import Approval, DealOffer, LenderTerms
from protocol.events import CLAIM_COLUMNS, MATCH_COLUMNS, OFFER_COLUMNS, Customer, DealSnapshot
from protocol.pricing import PriceAnswer
from protocol.quotes import FrontierReply, StressedPoint, WarningCode
from protocol.records import Role, Structure, StructureChanges, View
from server.push.log import Entry

_WIDEST: Final = {
    Role.SALESPERSON: View.SALES,
    Role.DESK_MANAGER: View.MANAGER,
    Role.OPERATOR: View.MANAGER,
}
_RANK: Final = {View.CUSTOMER: 0, View.SALES: 1, View.MANAGER: 2}

_STRUCTURE: Final = frozenset(Structure.__struct_fields__)
_DESK_ONLY: Final = frozenset({"trade_acv_cents", "products_cost_cents"})
# What stands on a printed pencil, and what the customer asked for.
_PENCIL: Final = frozenset(
    {
        "price_cents", "discount_cents", "fees_cents", "taxable_fees_cents", "doc_fee_cents",
        "products_cents", "taxable_products_cents", "rebate_cents", "rebate_reduces_tax",
        "trade_allowance_cents", "payoff_cents", "payoff_good_through", "payoff_per_diem_cents",
        "trade_credit", "trade_credit_cap_cents", "cash_down_cents", "prepaid_finance_cents", "tax_rate_bp",
        "rate_bp", "term_months", "terms_months", "payment_min_cents", "payment_max_cents", "contract_date",
        "first_payment_date", "day_count", "scope",
    }
)  # fmt: skip
STRUCTURE_FIELDS: Final = {
    View.MANAGER: _STRUCTURE,
    View.SALES: _STRUCTURE - _DESK_ONLY,
    View.CUSTOMER: _PENCIL,
}
"""The fields of a deal's structure that each view shows, and may change."""

_CAR: Final = ("vehicle_id", "rev", "vin", "stock_no", "year", "make", "model", "trim", "body", "mileage",
               "price_cents", "store_id", "payment_min_cents", "payment_max_cents")  # fmt: skip
_PAYMENT: Final = ("vehicle_id", "rev", "payment_cents", "term_months", "rate_bp", "cash_down_cents",
                   "discount_cents")  # fmt: skip
_VALUE: Final = ("lender", "npv_cents", "stress_npv_cents", "binding", "fix", "frontier")
_VALUED: Final = ("valued",)

COLUMNS: Final = {
    View.MANAGER: frozenset((*MATCH_COLUMNS, *OFFER_COLUMNS, *_VALUED, *CLAIM_COLUMNS)),
    View.SALES: frozenset(
        (*_CAR, "days_in_stock", "transfer_days", *_PAYMENT, *_VALUE, *_VALUED, *CLAIM_COLUMNS)
    ),
    View.CUSTOMER: frozenset((*_CAR, *_PAYMENT, *_VALUED)),
}
"""The columns of ``matches``, ``offers`` and ``snapshot_rows`` that each view shows."""

_PRINTED: Final = (
    *("vehicle_id", "rev", "eligible", "price_cents", "rebate_cents", "payoff_cents", "contract_date"),
    *("first_payment_date", "discount_cents", "cash_down_cents", "term_months", "rate_bp", "taxes"),
    *PriceAnswer.__struct_fields__,
    *("grid", "versions", "pencil_id", "warnings", "roll"),
)
QUOTE_FIELDS: Final = {
    View.SALES: (*_PRINTED, "lender", "programme_id", "stipulations", "value", "binding", "fix"),
    View.CUSTOMER: _PRINTED,
}
_TOTAL_VALUE: Final = ("npv_cents", "stress_npv_cents")
_CUSTOMER_WARNINGS: Final = frozenset({WarningCode.PAYOFF_PAST_GOOD_THROUGH})
_CELLS: Final = ("terms_months", "cash_down_cents", "payment_cents", "rate_bp", "eligible")
GRID_FIELDS: Final = {View.SALES: (*_CELLS, "npv_cents", "lender", "binding"), View.CUSTOMER: _CELLS}
_ROLLED: Final = ("vary", "asked_cents", "reached", "payment_cents", "last_payment_cents", "changes")
ROLL_FIELDS: Final = {View.SALES: (*_ROLLED, "message"), View.CUSTOMER: _ROLLED}
_POINT: Final = ("term_months", "rate_bp", "cash_down_cents", "discount_cents", "payment_cents")
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
)
OFFER_FIELDS: Final = {View.SALES: DealOffer.__struct_fields__, View.CUSTOMER: _OFFER}
LENDER_FIELDS: Final = tuple(name for name in LenderTerms.__struct_fields__ if name != "rate_bp")
APPROVAL_FIELDS: Final = Approval.__struct_fields__
_DEAL: Final = ("id", "version", "state", "customer", "structure", "selected", "pins", "fulfilment")
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
    ),
    View.CUSTOMER: _DEAL,
}
"""The fields of a deal's snapshot that each view shows."""

_ENVELOPE: Final = ("type", "channel", "seq", "at")
_CHANGED_CAR: Final = ("vehicle_id", "rev", "status", "price_cents")
_SUMMARY: Final = (
    *("deal_id", "deal_version", "removed", "last_no", "customer", "salesperson", "state", "fulfilment"),
    *("waiting_since", "changed_at", "changed_by", "last_change"),
)
_SUMMARY_OFFER: Final = ("car", "vehicle_id", "payment_cents", "term_months", "contended")
_COUNTS: Final = ("search_id", "reason", "scanned", "matched", "chunks", "next")
_FIELDS: Final = {
    View.SALES: {
        "search_started": ("search_id", "deal_version", "estimate", "filters", "sort", "versions", "by"),
        "matches": ("search_id", "chunk", "rows", "columns"),
        "offers": ("search_id", "chunk", "rows", "columns"),
        "search_ended": (*_COUNTS, "rejected", "trace"),
        "search_valued": ("search_id", "offers", "failed", "trace"),
        "value_failed": ("search_id", "vehicle_id", "message"),
        "deal_changed": ("version", "changes", "by"),
        "state_changed": ("version", "from", "to", "by", "reason", "more_reasons", "approval"),
        "offer_selected": ("version", "vehicle_id", "offer", "by", "reason"),
        "offer_pinned": ("version", "vehicle_id", "offer", "by"),
        "offer_unpinned": ("version", "vehicle_id", "by"),
        "vehicle_changed": (*_CHANGED_CAR, "held_by", "held_until", "held_here", "wanted_by"),
        "vehicle_held": ("vehicle_id", "until", "by"),
        "vehicle_released": ("vehicle_id", "by"),
        "field_locked": ("version", "field", "by"),
        "field_unlocked": ("version", "field", "by"),
        "note_added": ("id", "text", "by"),
        "lender_decided": ("version", "decision", "by"),
        "stipulation_cleared": ("version", "stipulation_id", "by"),
        "fulfilment_changed": ("version", "from", "to", "by", "reason"),
        "task_raised": ("version",),
        "task_done": ("version",),
        "deal_summary": (*_SUMMARY, *_SUMMARY_OFFER, "npv_cents", "npv_history", "lender", "lender_status"),
    },
    View.CUSTOMER: {
        "search_started": ("search_id", "deal_version", "estimate", "filters", "sort", "versions", "by"),
        "matches": ("search_id", "chunk", "rows", "columns"),
        "offers": ("search_id", "chunk", "rows", "columns"),
        "search_ended": _COUNTS,
        "search_valued": ("search_id", "offers", "failed"),
        "value_failed": ("search_id", "vehicle_id", "message"),
        "deal_changed": ("version", "changes", "by"),
        "state_changed": ("version", "from", "to"),
        "offer_selected": ("version", "vehicle_id", "offer"),
        "offer_pinned": ("version", "vehicle_id", "offer"),
        "offer_unpinned": ("version", "vehicle_id"),
        "vehicle_changed": _CHANGED_CAR,
        "field_locked": ("version",),
        "field_unlocked": ("version",),
        "lender_decided": ("version",),
        "stipulation_cleared": ("version",),
        "fulfilment_changed": ("version", "from", "to"),
        "task_raised": ("version",),
        "task_done": ("version",),
        "deal_summary": ("deal_id", "deal_version", "removed"),
    },
}


def capped_view(asked: View, role: Role) -> View:
    """Return the view that a person of ``role`` gets who asks for ``asked``."""
    widest = widest_view(role)
    return asked if _RANK[asked] <= _RANK[widest] else widest


def widest_view(role: Role) -> View:
    """Return the view that shows a person of ``role`` the most."""
    return _WIDEST[role]


def project_event(entry: Entry, view: View) -> bytes:
    """Return an event as ``view`` sees it, ready to send; nothing visible leaves the envelope."""
    if view is View.MANAGER:
        return b'{"seq":%d,' % entry.seq + entry.body[1:]
    event = {"seq": entry.seq, **codec.decode(entry.body)}
    shown = (*_ENVELOPE, *_FIELDS[view].get(event["type"], ()))
    projected = {name: event[name] for name in shown if name in event}
    for name, project in _INSIDE.items():
        if name in projected:
            projected[name] = project(projected[name], view)
    return codec.encode(projected)


def project_columns(columns: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the columns that ``view`` shows."""
    return {name: column for name, column in columns.items() if name in COLUMNS[view]}


def project_structure(structure: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the fields of a structure, or of changes to one, that ``view`` shows."""
    return {name: value for name, value in structure.items() if name in STRUCTURE_FIELDS[view]}


def project_offer(offer: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a selected or pinned offer as ``view`` sees it."""
    if view is View.MANAGER:
        return offer
    shown = _shown(offer, OFFER_FIELDS[view])
    shown["changes"] = project_structure(offer["changes"], view)
    return shown


def project_lender(decision: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a lender's decision as ``view`` sees it: its rate is a buy rate. Customers see none at all."""
    return decision if view is View.MANAGER else _shown(decision, LENDER_FIELDS)


def project_approval(approval: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return what the desk approved, as ``view`` sees it."""
    return approval if approval is None or view is View.MANAGER else _shown(approval, APPROVAL_FIELDS)


def project_summary(summary: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a deal's row of the wall as ``view`` sees it."""
    return summary if view is View.MANAGER else _shown(summary, _FIELDS[view]["deal_summary"])


def project_deal(deal: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a deal's snapshot, but for its customer and its structure, as ``view`` sees it."""
    shown = _shown(deal, DEAL_FIELDS[view])
    if shown.get("selected"):
        shown["selected"] = project_offer(shown["selected"], view)
    shown["pins"] = [project_offer(offer, view) for offer in shown["pins"]]
    if "lenders" in shown:
        shown["lenders"] = [project_lender(each, view) for each in shown["lenders"]]
    return shown


def project_customer(customer: Customer, view: View) -> Customer:
    """Return the customer as ``view`` may see them; turned round, the screen shows no more than the name."""
    match view:
        case View.MANAGER:
            return customer
        case View.SALES:
            return Customer(
                id=customer.id,
                name=customer.name,
                state=customer.state,
                monthly_income_cents=customer.monthly_income_cents,
            )
        case View.CUSTOMER:
            return Customer(id=customer.id, name=customer.name)


def project_quote(quote: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the data of a ``quote`` as ``view`` sees it: a customer what stands on the printed pencil."""
    if view is View.MANAGER:
        return quote
    shown = _shown(quote, QUOTE_FIELDS[view])
    shown["grid"] = _shown(shown["grid"], GRID_FIELDS[view])
    if "value" in shown:
        shown["value"] = _shown(shown["value"], _TOTAL_VALUE)
    if "roll" in shown:
        shown["roll"] = _shown(shown["roll"], ROLL_FIELDS[view])
        shown["roll"]["changes"] = project_structure(shown["roll"]["changes"], view)
    if view is View.CUSTOMER:
        shown["warnings"] = [each for each in shown["warnings"] if each["code"] in _CUSTOMER_WARNINGS]
    return shown


def project_frontier(frontier: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the data of a ``frontier`` as ``view`` sees it."""
    fields = POINT_FIELDS[view]
    return {
        **_shown(frontier, FRONTIER_FIELDS[view]),
        "points": [_shown(point, fields) for point in frontier["points"]],
        "bands": [{**band, "best": _shown(band["best"], fields)} for band in frontier["bands"]],
    }


def _shown(fields: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}


def shows_workings(view: View) -> bool:
    """Return whether a view shows which limits kept cars out of a search, and how long its stages took."""
    return view is not View.CUSTOMER


def hidden_fields(changes: StructureChanges, view: View) -> list[str]:
    """Return the fields of ``changes`` that ``view`` does not show, and so may not set."""
    return [name for name, _ in changes.items() if name not in STRUCTURE_FIELDS[view]]


def unaskable_fields(changes: StructureChanges, view: View) -> list[str]:
    """Return the fields of ``changes`` that a quote in ``view`` may not be asked with.

    Those are the hidden ones, but for the most cash: a cell of the grid states it, and nothing is told by it.
    """
    return [name for name in hidden_fields(changes, view) if name != "cash_down_max_cents"]


def project_for_all(entry: Entry, views: Iterable[View]) -> dict[View, bytes]:
    """Return an event's bytes for each of ``views``, each projected and encoded once."""
    return {view: project_event(entry, view) for view in set(views)}


_INSIDE: Final = {
    "columns": project_columns,
    "changes": project_structure,
    "offer": project_offer,
    "decision": project_lender,
    "approval": project_approval,
}
"""How the parts of an event that hold more than one field are projected."""
