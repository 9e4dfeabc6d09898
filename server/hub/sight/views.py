"""Pure projections of the log onto the three views.

``visible`` lists what each view shows. Only the manager's view gets events unchanged. Events that may hold an
NPV are projected for a ``Sight``, all others for a view.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.commands import COMMAND_TYPES
from protocol.customers import CustomerChanges, CustomerFacts
from protocol.events import Customer
from protocol.records import DealKind, Filters, Role, Sort, View
from protocol.structure import Structure, StructureChanges
from server.hub.sight.products_seen import project_products
from server.hub.sight.sight import Sight, value_as_seen
from server.hub.sight.visible import (
    AGREED_FIELDS,
    APPROVAL_FIELDS,
    CASH_FIELDS,
    COLUMNS,
    CONTRACT_FIELDS,
    CUSTOMER_WARNINGS,
    DEAL_FIELDS,
    ENVELOPE,
    EVENT_FIELDS,
    FACTS,
    FILTER_FIELDS,
    FRONTIER_FIELDS,
    GRID_FIELDS,
    LEASE_FIELDS,
    LEASE_GRID_FIELDS,
    LEASES_FIELDS,
    LENDER_FIELDS,
    OFFER_FIELDS,
    POINT_FIELDS,
    PROPOSAL_FIELDS,
    QUOTE_FIELDS,
    ROLL_FIELDS,
    RULE_FIELDS,
    SALES_TASKS,
    SORTED_BY,
    STRUCTURE_FIELDS,
    TASK_FIELDS,
    TOTAL_VALUE,
    TRADE_FIELDS,
)
from server.log.channel_log import Entry

_WIDEST: Final = {
    Role.SALESPERSON: View.SALES,
    Role.DESK_MANAGER: View.MANAGER,
    Role.OPERATOR: View.MANAGER,
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
}


def capped_view(asked: View, role: Role) -> View:
    """Return the view for a person of ``role`` who requests ``asked``."""
    widest = widest_view(role)
    return asked if _RANK[asked] <= _RANK[widest] else widest


def widest_view(role: Role) -> View:
    """Return the view that shows a person of ``role`` the most."""
    return _WIDEST[role]


def project_event(entry: Entry, sight: Sight) -> bytes:
    """Return the projected event, ready to send; if nothing is visible, only the envelope."""
    view = sight.view
    if view is View.MANAGER:
        return b'{"seq":%d,' % entry.seq + entry.body[1:]
    return codec.encode(project_told({"seq": entry.seq, **codec.decode(entry.body)}, sight))


def project_told(event: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected fields of an event."""
    view = sight.view
    if view is View.MANAGER:
        return event
    shown = (*ENVELOPE, *EVENT_FIELDS[view].get(event["type"], ()))
    projected = {name: event[name] for name in shown if name in event}
    if "columns" in projected:
        projected["columns"] = _guarded(projected["columns"], sight)
    if "sort" in projected and not shows_sort(projected["sort"], view):
        del projected["sort"]
    if not _shows_task(projected):
        projected = {name: projected[name] for name in (*ENVELOPE, "version") if name in projected}
    for name, project in _INSIDE.items():
        if name in projected:
            projected[name] = project(projected[name], view)
    return value_as_seen(projected, sight)


def _without_gross(columns: dict[str, Any]) -> dict[str, Any]:
    """Return columns of rows without the values of cash offers: nothing is lent, so they are the gross."""
    kinds = columns.get("kind")
    if kinds is None or "npv_cents" not in columns or DealKind.CASH not in kinds:
        return columns
    hidden = {
        name: [None if kind == DealKind.CASH else npv for kind, npv in zip(kinds, columns[name], strict=True)]
        for name in TOTAL_VALUE
    }
    return {**columns, **hidden}


def project_rows(columns: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected columns of rows."""
    guarded = _guarded(columns, sight)
    return value_as_seen(_project_columns(guarded, sight.view), sight)


def _guarded(columns: dict[str, Any], sight: Sight) -> dict[str, Any]:
    seen = columns if sight.guard is None else sight.guard.without_marginal(columns)
    return seen if sight.view is View.MANAGER else _without_gross(seen)


def _project_columns(columns: dict[str, Any], view: View) -> dict[str, Any]:
    shown = {name: column for name, column in columns.items() if name in COLUMNS[view]}
    return _in_plain_order(shown) if view is View.CUSTOMER else shown


def _in_plain_order(columns: dict[str, Any]) -> dict[str, Any]:
    """Return rows by ``vehicle_id``, because the read order may reveal days in stock."""
    cars = columns.get("vehicle_id")
    if cars is None:
        return columns
    order = sorted(range(len(cars)), key=lambda row: str(cars[row]))
    return {name: [column[row] for row in order] for name, column in columns.items()}


def project_structure(structure: dict[str, Any], view: View) -> dict[str, Any]:
    """Return the fields of a structure, or of changes to one, that ``view`` shows."""
    shown = {name: value for name, value in structure.items() if name in STRUCTURE_FIELDS[view]}
    if view is not View.MANAGER and "trades" in shown:
        shown["trades"] = [_project_trade(trade, view) for trade in shown["trades"]]
    return shown


def _project_trade(trade: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a trade, or changes to one, without its cash value; salespeople see whether there is one."""
    shown = {name: value for name, value in trade.items() if name in {*TRADE_FIELDS, "removed"}}
    if view is View.SALES and "acv_cents" in trade:
        shown["appraised"] = trade["acv_cents"] is not None
    return shown


def _shows_task(event: dict[str, Any]) -> bool:
    """Return whether an event is none of a task, or of one that salespeople see."""
    match event["type"]:
        case "task_raised":
            task = event.get("task")
            return isinstance(task, dict) and task.get("kind") in SALES_TASKS
        case "task_done":
            return event.get("kind") in SALES_TASKS
    return True


def project_offer(offer: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a selected or pinned offer as ``view`` sees it."""
    if view is View.MANAGER:
        return offer
    shown = _shown(offer, OFFER_FIELDS[view])
    shown["changes"] = project_structure(offer["changes"], view)
    for name, fields in _KINDS.items():
        if name in shown:
            shown[name] = _shown(shown[name], fields[view])
            # Nothing is lent, so that the value would be the gross.
            shown = {each: value for each, value in shown.items() if each not in TOTAL_VALUE}
    return shown


def project_lender(decision: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a lender's decision as ``view`` sees it: its rate is a buy rate. Customers see no decisions."""
    return decision if view is View.MANAGER else _shown(decision, LENDER_FIELDS)


def project_approval(approval: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return what the desk approved, as ``view`` sees it."""
    return approval if approval is None or view is View.MANAGER else _shown(approval, APPROVAL_FIELDS)


def _project_task(task: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a task that ``view`` shows. Customers see none."""
    return task if view is View.MANAGER else _shown(task, TASK_FIELDS)


def project_figures(figures: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return agreed figures as ``view`` sees them."""
    return figures if figures is None or view is View.MANAGER else _shown(figures, AGREED_FIELDS[view])


def project_proposal(proposal: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return the desk's counter as ``view`` sees it. Customers see none."""
    if proposal is None or view is View.MANAGER:
        return proposal
    shown = _shown(proposal, PROPOSAL_FIELDS)
    shown["offer"] = project_offer(proposal["offer"], view)
    return shown


def project_contract(contract: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return what was signed as ``view`` sees it: customers see the printed pencil."""
    if contract is None or view is View.MANAGER:
        return contract
    shown = _shown(contract, CONTRACT_FIELDS[view])
    shown["figures"] = project_figures(contract["figures"], view)
    shown["quote"] = _shown(contract["quote"], QUOTE_FIELDS[view])
    if "value" in shown["quote"]:
        shown["quote"]["value"] = _shown(shown["quote"]["value"], TOTAL_VALUE)
    _project_parts(shown["quote"], view)
    return shown


def project_summary(summary: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected row of a deal on the wall."""
    if sight.view is View.MANAGER:
        return summary
    return value_as_seen(_shown(summary, EVENT_FIELDS[sight.view]["deal_summary"]), sight)


def project_deal(deal: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected snapshot of a deal, without its customer and structure."""
    view = sight.view
    shown = _shown(deal, DEAL_FIELDS[view])
    if shown.get("selected"):
        shown["selected"] = project_offer(shown["selected"], view)
    shown["pins"] = [project_offer(offer, view) for offer in shown["pins"]]
    if "lenders" in shown:
        shown["lenders"] = [project_lender(each, view) for each in shown["lenders"]]
    if "tasks" in shown and view is not View.MANAGER:
        shown["tasks"] = [task for task in shown["tasks"] if task["kind"] in SALES_TASKS]
    for name in ("agreed", "proposal", "contract"):
        if name in shown:
            shown[name] = _INSIDE[name](shown[name], view)
    return value_as_seen(shown, sight)


def project_customer(customer: Customer, view: View) -> Customer:
    """Return the customer as ``view`` may see them; the customer view shows only the name."""
    match view:
        case View.MANAGER:
            return customer
        case View.SALES:
            return Customer(
                id=customer.id,
                name=customer.name,
                state=customer.state,
                monthly_income_cents=customer.monthly_income_cents,
                facts=UNSET if customer.facts is UNSET else _shown(customer.facts, FACTS[view]),
            )
        case View.CUSTOMER:
            return Customer(id=customer.id, name=customer.name)


def _project_named_customer(customer: Any, view: View) -> Any:
    """Return the customer of an event as ``view`` sees them; a name stays one."""
    if not isinstance(customer, dict):
        return customer
    return codec.plain(project_customer(codec.convert(Customer, customer), view))


def unsettable_facts(changes: CustomerChanges, view: View) -> list[str]:
    """Return the facts of ``changes`` that may not be set in ``view``."""
    return [name for name, _ in changes.items() if name not in FACTS[view]]


def hidden_facts(facts: CustomerFacts, view: View) -> list[str]:
    """Return the facts that someone states although ``view`` hides them."""
    plain = CustomerFacts(name=facts.name, state=facts.state)
    stated = (name for name in facts.__struct_fields__ if getattr(facts, name) != getattr(plain, name))
    return [name for name in stated if name not in FACTS[view]]


def project_quote(quote: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected data of a ``quote``; customers get the content of the printed pencil."""
    view = sight.view
    if view is View.MANAGER:
        return quote
    shown = _shown(quote, QUOTE_FIELDS[view])
    shown["grid"] = _shown(shown["grid"], GRID_FIELDS[view])
    if "value" in shown:
        shown["value"] = _shown(shown["value"], TOTAL_VALUE)
    if "lender_rules" in shown:
        shown["lender_rules"] = _shown(shown["lender_rules"], RULE_FIELDS)
    if "rate_or_rebate" in shown:
        fields = POINT_FIELDS[view]
        shown["rate_or_rebate"] = [_shown(point, fields) for point in shown["rate_or_rebate"]]
    if "roll" in shown:
        shown["roll"] = _shown(shown["roll"], ROLL_FIELDS[view])
        shown["roll"]["changes"] = project_structure(shown["roll"]["changes"], view)
    _project_parts(shown, view)
    if "lease_grid" in shown:
        shown["lease_grid"] = _shown(shown["lease_grid"], LEASE_GRID_FIELDS[view])
    if view is View.CUSTOMER:
        shown["warnings"] = [each for each in shown["warnings"] if each["code"] in CUSTOMER_WARNINGS]
    return value_as_seen(shown, sight)


def _project_parts(quote: dict[str, Any], view: View) -> None:
    """Reduce the products, the lease and the cash deal of a quote to what ``view`` shows of them."""
    for name in ("products", "menu"):
        if name in quote:
            quote[name] = project_products(quote[name], view)
    if "cash" in quote:
        quote["cash"] = _shown(quote["cash"], CASH_FIELDS[view])
    if "lease" in quote:
        quote["lease"] = _shown(quote["lease"], LEASES_FIELDS[view])
        if "best" in quote["lease"]:
            quote["lease"]["best"] = _shown(quote["lease"]["best"], LEASE_FIELDS[view])


def project_frontier(frontier: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected data of a ``frontier``."""
    fields = POINT_FIELDS[sight.view]
    shown = {
        **_shown(frontier, FRONTIER_FIELDS[sight.view]),
        "points": [_shown(point, fields) for point in frontier["points"]],
        "bands": [{**band, "best": _shown(band["best"], fields)} for band in frontier["bands"]],
    }
    return value_as_seen(shown, sight)


def shows_sort(sort: str, view: View) -> bool:
    """Return whether ``view`` may see and request a sort order of a search."""
    return SORTED_BY[Sort(sort)] in COLUMNS[view]


def hidden_order(filters: Filters, sort: Sort, view: View) -> str | None:
    """Return the field of a search that orders or filters by what ``view`` hides; None if none does."""
    if not shows_sort(sort, view):
        return "sort"
    stated = (name for name in filters.__struct_fields__ if name not in FILTER_FIELDS[view])
    return next((f"filters.{name}" for name in stated if getattr(filters, name) not in {UNSET, None}), None)


def shown_filters(filters: Filters, view: View) -> Filters:
    """Return the filters of a search as ``view`` sees them."""
    hidden = (name for name in filters.__struct_fields__ if name not in FILTER_FIELDS[view])
    return msgspec.structs.replace(filters, **dict.fromkeys(hidden, UNSET))


def _project_filters(filters: dict[str, Any], view: View) -> dict[str, Any]:
    return _shown(filters, FILTER_FIELDS[view])


def project_error(error: CommandError, view: View) -> CommandError:
    """Return a refusal as ``view`` sees it.

    A customer learns that something is impossible and for which visible field, but not why or because of
    whom.
    """
    if view is not View.CUSTOMER:
        return error
    field = error.detail.get("field")
    path = str(field).removeprefix("changes.")
    name = "trades" if path.startswith("trades") else path.rpartition(".")[2].partition("[")[0]
    detail: dict[str, object] = {}
    if name in STRUCTURE_FIELDS[view] or name in _ABOUT_COMMANDS:
        detail["field"] = field
    if name in STRUCTURE_FIELDS[view]:
        # A value that someone else set is on this screen too, and the form of an input is no secret.
        detail |= {key: error.detail[key] for key in ("value", "expected", "at") if key in error.detail}
    return CommandError(error.code, _TO_CUSTOMERS.get(error.code, error.message), **detail)


def _shown(fields: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}


def shows_workings(view: View) -> bool:
    """Return whether a view shows the limits that excluded cars from a search, and its timings."""
    return view is not View.CUSTOMER


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


_KINDS: Final = {"lease": LEASE_FIELDS, "cash": CASH_FIELDS}
"""What an offer of a kind has, and the fields of it that a view shows."""

_INSIDE: Final = {
    "columns": _project_columns,
    "filters": _project_filters,
    "changes": project_structure,
    "before": project_structure,
    "offer": project_offer,
    "decision": project_lender,
    "approval": project_approval,
    "task": _project_task,
    "customer": _project_named_customer,
    "agreed": project_figures,
    "proposal": project_proposal,
    "contract": project_contract,
}
"""The projections of event fields that hold objects."""
