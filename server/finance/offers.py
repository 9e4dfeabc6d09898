"""The best offer of each car, however it is paid."""

from typing import Any, Final

from protocol.events import OFFER_COLUMNS
from protocol.records import DealKind
from server.finance.architect import Pricing, best_offers
from server.finance.cars import Cars
from server.finance.cash_sales import with_cash_offers
from server.finance.leasing.names import CarNames
from server.finance.leasing.ranking import LEASE_COLUMNS, best_of_plan
from server.finance.plan import Plan
from server.finance.rules.limits import Limit

_LEASED: Final = tuple(name for name in LEASE_COLUMNS if name in OFFER_COLUMNS)
_OWN: Final = frozenset({"vehicle_id", "rev", "kind", "out_the_door_cents", *_LEASED})
_OFFERED: Final = {
    "payment_cents": "lease_payment_cents",
    "term_months": "lease_term_months",
    "lender": "lease_lender",
    "cash_down_cents": "lease_cash_down_cents",
    "discount_cents": "lease_discount_cents",
    "npv_cents": "lease_value_cents",
    "stress_npv_cents": "lease_value_cents",
}
"""What an offer that is a lease has of the car's best lease. No credit model: stress changes nothing."""


def offers_of(
    plan: Plan, pricing: Pricing | None, cars: Cars, names: CarNames | None = None
) -> dict[str, list[Any]]:
    """Return the best offer of each car: ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, each of
    length c.

    ``pricing`` is the plan's; None if no programme is left in it: then each car that has no other offer names
    the limit that excluded the last programme. ``names`` are what lease programmes name the cars by. In a
    lease deal every offer is a lease; in others, only those of cars that nothing else takes.
    """
    is_lease = plan.inputs.structure.kind is DealKind.LEASE
    if pricing is not None and not is_lease:
        financed = best_offers(pricing, cars)
    else:
        financed = {name: [None] * len(cars) for name in OFFER_COLUMNS if name not in _OWN}
        financed["binding"] = [plan.empty.wire] * len(cars)
    offers = _financed_or_cash(plan, cars, financed)
    return _with_leases(plan, cars, names or CarNames.each([None] * len(cars)), offers)


def _financed_or_cash(plan: Plan, cars: Cars, financed: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the offers with cash offers added, unless the deal is a lease."""
    if plan.inputs.structure.kind is not DealKind.LEASE:
        return with_cash_offers(plan, cars, financed)
    none: list[None] = [None] * len(cars)
    refused = [Limit.LEASE_CAR.wire] * len(cars)
    return {**financed, "binding": refused, "kind": none, "out_the_door_cents": none}


def _with_leases(
    plan: Plan, cars: Cars, names: CarNames, offers: dict[str, list[Any]]
) -> dict[str, list[Any]]:
    if plan.leases is None:
        return offers | {name: [None] * len(cars) for name in _LEASED}
    leases = best_of_plan(plan.leases, cars, names)
    columns = {name: list(column) for name, column in offers.items()}
    is_lease = plan.inputs.structure.kind is DealKind.LEASE
    for car, binding in enumerate(leases["lease_binding"]):
        if is_lease and binding is not None:
            columns["binding"][car] = binding
        elif binding is None and columns["kind"][car] is None:
            _take(columns, leases, car)
    return columns | {name: leases[name] for name in _LEASED}


def _take(columns: dict[str, list[Any]], leases: dict[str, list[Any]], car: int) -> None:
    """Make a car's lease its offer."""
    columns["kind"][car] = DealKind.LEASE.value
    for name, column in _OFFERED.items():
        columns[name][car] = leases[column][car]
    columns["rebate_given_up_cents"][car] = 0
    columns["binding"][car] = columns["fix"][car] = None
