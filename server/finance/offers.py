"""The best offer of each car, however it is paid."""

from collections.abc import Sequence
from typing import Any, Final

from protocol.events import OFFER_COLUMNS
from protocol.records import DealKind
from server.finance.architect import Pricing, add_fixes, offers_without_fixes
from server.finance.cars import Cars
from server.finance.cash_sales import add_cash_offers
from server.finance.leasing.names import CarNames
from server.finance.leasing.ranking import LEASE_COLUMNS, best_of_plan
from server.finance.plan import Plan
from server.finance.rules.limits import Limit

_LEASED: Final = tuple(name for name in LEASE_COLUMNS if name in OFFER_COLUMNS)
_ADDED: Final = ("kind", "out_the_door_cents", *_LEASED)
_FINANCED: Final = tuple(name for name in OFFER_COLUMNS if name not in {"vehicle_id", "rev", *_ADDED})
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
    lease deal every offer is a lease, in a cash deal none is; in a financed one, only those of cars that
    nothing else takes.
    """
    kind, count = plan.inputs.structure.kind, len(cars)
    offers = _financed(plan, pricing, cars)
    for name in _ADDED:
        offers[name] = [None] * count
    open_ = unexplained = [car for car, payment in enumerate(offers["payment_cents"]) if payment is None]
    if kind is DealKind.FINANCE:
        offers["kind"] = [kind.value] * count
        for car in open_:
            offers["kind"][car] = None
    if kind is not DealKind.LEASE and plan.inputs.all_kinds:
        unexplained = add_cash_offers(plan, cars, offers, open_)
    if plan.leases is not None:
        leases = best_of_plan(plan.leases, cars, names or CarNames.each([None] * count))
        offers.update((name, leases[name]) for name in _LEASED)
        _add_leases(plan, offers, leases, open_)
    if pricing is not None and kind is not DealKind.LEASE:
        # Last: a car that is sold without a lender needs no fix, and fixes are dear.
        add_fixes(offers, pricing, cars, [car for car in unexplained if offers["kind"][car] is None])
    return offers


def _financed(plan: Plan, pricing: Pricing | None, cars: Cars) -> dict[str, list[Any]]:
    """Return the lenders' offers without fixes; without any if no lender's offer is shown in such a deal."""
    kind = plan.inputs.structure.kind
    only_cash = kind is DealKind.CASH and plan.inputs.all_kinds
    if pricing is not None and kind is not DealKind.LEASE and not only_cash:
        return offers_without_fixes(pricing, cars)
    refusal = Limit.LEASE_CAR if kind is DealKind.LEASE else plan.empty
    offers: dict[str, list[Any]] = {name: [None] * len(cars) for name in _FINANCED}
    return offers | {"binding": [refusal.wire] * len(cars)}


def _add_leases(
    plan: Plan, offers: dict[str, list[Any]], leases: dict[str, list[Any]], open_: Sequence[int]
) -> None:
    """Make the leases of open cars that nothing else sells their offers."""
    kind, bindings = plan.inputs.structure.kind, leases["lease_binding"]
    if kind is DealKind.CASH:
        return
    is_lease = kind is DealKind.LEASE
    for car in open_:
        binding = bindings[car]
        if is_lease and binding is not None:
            offers["binding"][car] = binding
        elif binding is None and offers["kind"][car] is None:
            _take(offers, leases, car)


def _take(offers: dict[str, list[Any]], leases: dict[str, list[Any]], car: int) -> None:
    """Make a car's lease its offer."""
    offers["kind"][car] = DealKind.LEASE.value
    for name, column in _OFFERED.items():
        offers[name][car] = leases[column][car]
    offers["rebate_given_up_cents"][car] = 0
    offers["binding"][car] = offers["fix"][car] = None
