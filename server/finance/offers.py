"""The best offer of each car, however it is paid."""

from typing import Any, Final

from protocol.events import OFFER_COLUMNS
from server.finance.architect import Pricing, best_offers
from server.finance.cars import Cars
from server.finance.cash_sales import with_cash_offers
from server.finance.plan import Plan

_OWN: Final = frozenset({"vehicle_id", "rev", "kind", "out_the_door_cents"})


def offers_of(plan: Plan, pricing: Pricing | None, cars: Cars) -> dict[str, list[Any]]:
    """Return the best offer of each car: ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, each of
    length c.

    ``pricing`` is the plan's; None if no programme is left in it: then each car that has no other offer names
    the limit that excluded the last programme.
    """
    if pricing is not None:
        financed = best_offers(pricing, cars)
    else:
        financed = {name: [None] * len(cars) for name in OFFER_COLUMNS if name not in _OWN}
        financed["binding"] = [plan.empty.wire] * len(cars)
    return with_cash_offers(plan, cars, financed)
