"""The best offers of cars that somebody looked for, or why they have none."""

from collections.abc import Mapping, Sequence
from typing import Any

from protocol.events import OFFER_COLUMNS
from protocol.money.inputs import DealInputs
from protocol.money.lending import RateSheet, RiskModel
from server.finance.architect import best_offers, price_plan
from server.finance.cars import Cars
from server.finance.plan import plan_deal


def offers_found(
    inputs: DealInputs, numbers: Mapping[str, Sequence[int]], sheet: RateSheet, model: RiskModel
) -> dict[str, list[Any]]:
    """Return ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, as a search has them for these cars.

    ``numbers`` has a sequence per ``jobs.NUMBER_COLUMNS``. If no programme is left for the deal, every car
    names the limit that excluded the last one. Raises StructureError and RiskModelError.
    """
    plan, cars = plan_deal(inputs, sheet), Cars.of(numbers)
    if len(plan.programmes):
        return best_offers(price_plan(plan, model), cars)
    nothing: dict[str, list[Any]] = {name: [None] * len(cars) for name in OFFER_COLUMNS[2:]}
    return nothing | {"binding": [plan.empty.wire] * len(cars)}
