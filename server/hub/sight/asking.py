"""What people may set and ask in each view, and how they are refused. Pure."""

from typing import Final

from msgspec import UNSET

from protocol.closing import CommandError, ErrorCode
from protocol.commands import COMMAND_TYPES
from protocol.deal.customers import CustomerChanges, CustomerFacts
from protocol.deal.structure import Structure, StructureChanges
from protocol.records import Filters, Role, Sort, View
from server.hub.sight.visible import COLUMNS, FACTS, FILTER_FIELDS, SORTED_BY, STRUCTURE_FIELDS

_WIDEST: Final = {
    Role.SALESPERSON: View.SALES,
    Role.DESK_MANAGER: View.MANAGER,
    Role.OPERATOR: View.MANAGER,
    Role.CUSTOMER: View.CUSTOMER,
}
_RANK: Final = {View.CUSTOMER: 0, View.SALES: 1, View.MANAGER: 2}
_DESK_DECIDES: Final = {"rate_bp": None, "rate_reason": None, "price_cents": None, "rebate_cents": 0}
"""Fields that only the desk sets, each with the default that anyone may return to. Someone who may try rates
finds the lender's buy rate; a deal-specific price or rebate is a discount by another name.
"""
_ABOUT_COMMANDS: Final = frozenset(
    name for command in COMMAND_TYPES for name in command.__struct_fields__
) - frozenset(Structure.__struct_fields__)
_TO_CUSTOMERS: Final = {
    ErrorCode.INVALID: "This value cannot be used. Correct it and try again.",
    ErrorCode.FORBIDDEN: "This is not possible on this screen.",
    ErrorCode.CONFLICT: "This is not possible right now.",
    ErrorCode.LOCKED: "This cannot be changed now.",
    ErrorCode.DEGRADED: "This is not available right now. Try again shortly.",
}


def capped_view(asked: View, role: Role) -> View:
    """Return the view for a person of ``role`` who requests ``asked``."""
    widest = widest_view(role)
    return asked if _RANK[asked] <= _RANK[widest] else widest


def widest_view(role: Role) -> View:
    """Return the view that shows a person of ``role`` the most."""
    return _WIDEST[role]


def unsettable_facts(changes: CustomerChanges, view: View) -> list[str]:
    """Return the facts of ``changes`` that may not be set in ``view``."""
    return [name for name, _ in changes.items() if name not in FACTS[view]]


def hidden_facts(facts: CustomerFacts, view: View) -> list[str]:
    """Return the facts that someone states although ``view`` hides them."""
    plain = CustomerFacts(name=facts.name, state=facts.state)
    stated = (name for name in facts.__struct_fields__ if getattr(facts, name) != getattr(plain, name))
    return [name for name in stated if name not in FACTS[view]]


def shows_sort(sort: str, view: View) -> bool:
    """Return whether ``view`` may see and request a sort order of a search."""
    return SORTED_BY[Sort(sort)] in COLUMNS[view]


def hidden_order(filters: Filters, sort: Sort, view: View) -> str | None:
    """Return the field of a search that orders or filters by what ``view`` hides; None if none does."""
    if not shows_sort(sort, view):
        return "sort"
    stated = (name for name in filters.__struct_fields__ if name not in FILTER_FIELDS[view])
    return next((f"filters.{name}" for name in stated if getattr(filters, name) not in {UNSET, None}), None)


def project_error(error: CommandError, view: View) -> CommandError:
    """Return a refusal as ``view`` sees it.

    A customer learns that something is impossible and for which visible field, but not why or because of
    whom.
    """
    if view is not View.CUSTOMER or "figures" in error.detail:
        # Figures in a refusal are those of the presentation.
        return error
    field, wait = error.detail.get("field"), error.detail.get("retry_after_seconds")
    path = str(field).removeprefix("changes.")
    name = "trades" if path.startswith("trades") else path.rpartition(".")[2].partition("[")[0]
    detail: dict[str, object] = {} if wait is None else {"retry_after_seconds": wait}
    if name in STRUCTURE_FIELDS[view] or name in _ABOUT_COMMANDS:
        detail["field"] = field
    if name in STRUCTURE_FIELDS[view]:
        # A value that someone else set is on this screen too, and the form of an input is no secret.
        detail |= {key: error.detail[key] for key in ("value", "expected", "at") if key in error.detail}
    return CommandError(error.code, _TO_CUSTOMERS.get(error.code, error.message), **detail)


def unsettable_fields(changes: StructureChanges, view: View) -> list[str]:
    """Return the fields of ``changes`` that may not be set in ``view``: those that it hides and, except in
    the manager's view, those of the desk. Anyone may return to the default.
    """
    refused = [
        name
        for name, value in changes.items()
        if name not in STRUCTURE_FIELDS[view]
        or (name in _DESK_DECIDES and view is not View.MANAGER and value != _DESK_DECIDES[name])
    ]
    if view is not View.MANAGER and changes.trades is not UNSET:
        appraised = (each.id for each in changes.trades if each.acv_cents is not UNSET)
        refused += [f"trades.{trade_id}.acv_cents" for trade_id in appraised]
    return refused


def unaskable_fields(changes: StructureChanges, view: View) -> list[str]:
    """Return the fields of ``changes`` that a quote in ``view`` may not use.

    Those are the fields that it may not set, except the maximum cash: grid cells use it, and it reveals
    nothing.
    """
    return [name for name in unsettable_fields(changes, view) if name != "cash_down_max_cents"]


def not_here(field: str) -> CommandError:
    """Return the refusal of a field that may not be set in the view."""
    if field in {"rate_bp", "rate_reason"}:
        return CommandError(ErrorCode.FORBIDDEN, "Only the desk can override the rate.", field=field)
    if field in _DESK_DECIDES:
        return CommandError(
            ErrorCode.FORBIDDEN,
            "Only the desk can set the price or the rebate. Enter a discount instead.",
            field=field,
        )
    return CommandError(ErrorCode.FORBIDDEN, f"This view does not show {field}.", field=field)
