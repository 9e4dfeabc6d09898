"""Pure projections of the log onto the three views.

``visible`` lists what each view shows. Only the manager's view gets events unchanged. Events that may hold an
NPV are projected for a ``Sight``, all others for a view.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from protocol import codec
from protocol.events import EVENTS_BY_KIND, Customer
from protocol.records import DealKind, Filters, View
from server.hub.sight.asking import shows_sort
from server.hub.sight.link_seen import seen_by_link
from server.hub.sight.parts_seen import project_offer, project_scenario, project_structure, shown_of
from server.hub.sight.products_seen import project_products
from server.hub.sight.rows_seen import OF_ROWS, guarded_columns, project_columns, without_rows
from server.hub.sight.sight import Sight, value_as_seen
from server.hub.sight.visible import (
    ACCEPTANCE_FIELDS,
    AGREED_FIELDS,
    APPROVAL_FIELDS,
    CASH_FIELDS,
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
    OF_NEWER,
    POINT_FIELDS,
    PROPOSAL_FIELDS,
    QUOTE_FIELDS,
    ROLL_FIELDS,
    RULE_FIELDS,
    SALES_TASKS,
    TASK_FIELDS,
    TOTAL_VALUE,
)
from server.log.channel_log import Entry


def project_event(entry: Entry, sight: Sight) -> bytes:
    """Return the projected event, ready to send; if nothing is visible, only the envelope."""
    if not sight.rows and entry.body.startswith(OF_ROWS):
        return without_rows(entry)
    if sight.view is View.MANAGER:
        return b'{"seq":%d,' % entry.seq + entry.body[1:]
    return codec.encode(project_told({"seq": entry.seq, **codec.decode(entry.body)}, sight))


def project_told(event: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected fields of an event."""
    view = sight.view
    if view is View.MANAGER:
        return event
    if sight.is_link:
        seen = seen_by_link(event)
        return seen | {name: _INSIDE[name](seen[name], view) for name in _INSIDE.keys() & seen.keys()}
    hidden = () if event["type"] in EVENTS_BY_KIND else OF_NEWER
    shown = (*ENVELOPE, *EVENT_FIELDS[view].get(event["type"], hidden))
    projected = {name: event[name] for name in shown if name in event}
    if "columns" in projected:
        projected["columns"] = guarded_columns(projected["columns"], sight)
    if "sort" in projected and not shows_sort(projected["sort"], view):
        del projected["sort"]
    if not _shows_task(projected):
        projected = {name: projected[name] for name in (*ENVELOPE, "version") if name in projected}
    for name, project in _INSIDE.items():
        if name in projected:
            projected[name] = project(projected[name], view)
    return value_as_seen(projected, sight)


def _shows_task(event: dict[str, Any]) -> bool:
    """Return whether an event is none of a task, or of one that salespeople see."""
    match event["type"]:
        case "task_raised":
            task = event.get("task")
            return isinstance(task, dict) and task.get("kind") in SALES_TASKS
        case "task_done":
            return event.get("kind") in SALES_TASKS
    return True


def project_lender(decision: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a lender's decision as ``view`` sees it: its rate is a buy rate. Customers see no decisions."""
    return decision if view is View.MANAGER else shown_of(decision, LENDER_FIELDS)


def project_approval(approval: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return what the desk approved, as ``view`` sees it."""
    return approval if approval is None or view is View.MANAGER else shown_of(approval, APPROVAL_FIELDS)


def _project_task(task: dict[str, Any], view: View) -> dict[str, Any]:
    """Return a task that ``view`` shows. Customers see none."""
    return task if view is View.MANAGER else shown_of(task, TASK_FIELDS)


def project_figures(figures: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return agreed figures as ``view`` sees them."""
    return figures if figures is None or view is View.MANAGER else shown_of(figures, AGREED_FIELDS[view])


def project_proposal(proposal: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return the desk's counter as ``view`` sees it. Customers see none."""
    if proposal is None or view is View.MANAGER:
        return proposal
    shown = shown_of(proposal, PROPOSAL_FIELDS)
    shown["offer"] = project_offer(proposal["offer"], view)
    return shown


def project_contract(contract: dict[str, Any] | None, view: View) -> dict[str, Any] | None:
    """Return what was signed as ``view`` sees it: customers see the printed pencil."""
    if contract is None or view is View.MANAGER:
        return contract
    shown = shown_of(contract, CONTRACT_FIELDS[view])
    shown["figures"] = project_figures(contract["figures"], view)
    shown["quote"] = shown_of(contract["quote"], QUOTE_FIELDS[view])
    if "value" in shown["quote"]:
        shown["quote"]["value"] = shown_of(shown["quote"]["value"], TOTAL_VALUE)
    _project_parts(shown["quote"], view)
    return shown


def project_summary(summary: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected row of a deal on the wall."""
    if sight.view is View.MANAGER:
        return summary
    shown = shown_of(summary, EVENT_FIELDS[sight.view]["deal_summary"])
    if shown.get("kind") not in {None, DealKind.FINANCE}:
        # It is the gross. Every row of a wall has the same fields.
        shown["npv_cents"] = None
    return value_as_seen(shown, sight)


def project_deal(deal: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected snapshot of a deal, without its customer and structure."""
    view = sight.view
    shown = shown_of(deal, DEAL_FIELDS[view])
    if shown.get("selected"):
        shown["selected"] = project_offer(shown["selected"], view)
    shown["pins"] = [project_offer(offer, view) for offer in shown["pins"]]
    if "lenders" in shown:
        shown["lenders"] = [project_lender(each, view) for each in shown["lenders"]]
    if "tasks" in shown and view is not View.MANAGER:
        shown["tasks"] = [task for task in shown["tasks"] if task["kind"] in SALES_TASKS]
    if "scenarios" in shown:
        shown["scenarios"] = [project_scenario(each, view) for each in shown["scenarios"]]
    for name in ("agreed", "proposal", "contract"):
        if name in shown:
            shown[name] = _INSIDE[name](shown[name], view)
    if "acceptances" in shown:
        shown["acceptances"] = [project_acceptance(each, view) for each in shown["acceptances"]]
    return value_as_seen(shown, sight)


def project_acceptance(acceptance: dict[str, Any], view: View) -> dict[str, Any]:
    """Return what a customer accepted as ``view`` sees it."""
    return acceptance if view is View.MANAGER else shown_of(acceptance, ACCEPTANCE_FIELDS[view])


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
                facts=UNSET if customer.facts is UNSET else shown_of(customer.facts, FACTS[view]),
            )
        case View.CUSTOMER:
            return Customer(id=customer.id, name=customer.name)


def _project_named_customer(customer: Any, view: View) -> Any:
    """Return the customer of an event as ``view`` sees them; a name stays one."""
    if not isinstance(customer, dict):
        return customer
    return codec.plain(project_customer(codec.convert(Customer, customer), view))


def project_quote(quote: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected data of a ``quote``; customers get the content of the printed pencil."""
    view = sight.view
    if view is View.MANAGER:
        return quote
    shown = shown_of(quote, QUOTE_FIELDS[view])
    shown["grid"] = shown_of(shown["grid"], GRID_FIELDS[view])
    if "value" in shown:
        shown["value"] = shown_of(shown["value"], TOTAL_VALUE)
    if "lender_rules" in shown:
        shown["lender_rules"] = shown_of(shown["lender_rules"], RULE_FIELDS)
    if "rate_or_rebate" in shown:
        fields = POINT_FIELDS[view]
        shown["rate_or_rebate"] = [shown_of(point, fields) for point in shown["rate_or_rebate"]]
    if "roll" in shown:
        shown["roll"] = shown_of(shown["roll"], ROLL_FIELDS[view])
        shown["roll"]["changes"] = project_structure(shown["roll"]["changes"], view)
    _project_parts(shown, view)
    if "lease_grid" in shown:
        shown["lease_grid"] = shown_of(shown["lease_grid"], LEASE_GRID_FIELDS[view])
    if view is View.CUSTOMER:
        shown["warnings"] = [each for each in shown["warnings"] if each["code"] in CUSTOMER_WARNINGS]
    return value_as_seen(shown, sight)


def _project_parts(quote: dict[str, Any], view: View) -> None:
    """Reduce the products, the lease and the cash deal of a quote to what ``view`` shows of them."""
    for name in ("products", "menu"):
        if name in quote:
            quote[name] = project_products(quote[name], view)
    if "cash" in quote:
        quote["cash"] = shown_of(quote["cash"], CASH_FIELDS[view])
    if "lease" in quote:
        quote["lease"] = shown_of(quote["lease"], LEASES_FIELDS[view])
        if "best" in quote["lease"]:
            quote["lease"]["best"] = shown_of(quote["lease"]["best"], LEASE_FIELDS[view])


def project_frontier(frontier: dict[str, Any], sight: Sight) -> dict[str, Any]:
    """Return the projected data of a ``frontier``."""
    fields = POINT_FIELDS[sight.view]
    shown = {
        **shown_of(frontier, FRONTIER_FIELDS[sight.view]),
        "points": [shown_of(point, fields) for point in frontier["points"]],
        "bands": [{**band, "best": shown_of(band["best"], fields)} for band in frontier["bands"]],
    }
    return value_as_seen(shown, sight)


def shown_filters(filters: Filters, view: View) -> Filters:
    """Return the filters of a search as ``view`` sees them."""
    hidden = (name for name in filters.__struct_fields__ if name not in FILTER_FIELDS[view])
    return msgspec.structs.replace(filters, **dict.fromkeys(hidden, UNSET))


def _project_filters(filters: dict[str, Any], view: View) -> dict[str, Any]:
    return shown_of(filters, FILTER_FIELDS[view])


def shows_workings(view: View) -> bool:
    """Return whether a view shows the limits that excluded cars from a search, and its timings."""
    return view is not View.CUSTOMER


_INSIDE: Final = {
    "columns": project_columns,
    "filters": _project_filters,
    "changes": project_structure,
    "before": project_structure,
    "asked": project_structure,
    "offer": project_offer,
    "decision": project_lender,
    "approval": project_approval,
    "task": _project_task,
    "customer": _project_named_customer,
    "agreed": project_figures,
    "proposal": project_proposal,
    "scenario": project_scenario,
    "contract": project_contract,
    "acceptance": project_acceptance,
}
"""The projections of event fields that hold objects."""
