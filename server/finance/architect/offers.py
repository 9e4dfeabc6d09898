"""The best offer of each car, as the wire's columns; computed block by block, so memory does not grow."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from server.finance.architect.contenders import contenders
from server.finance.architect.dominated import without_dominated
from server.finance.architect.fixes import find_fixes
from server.finance.architect.frontiers import frontier_of_cars
from server.finance.architect.objective import best_of_cars, counts_by_car
from server.finance.architect.pricing import Pricing
from server.finance.cars import Cars
from server.finance.rounding import HUNDREDTHS
from server.finance.rules.limits import Limit
from server.finance.structures import build_structures

_WIRE: Final = {int(limit): limit.wire for limit in Limit}

BLOCK_PAIRS = 24_576
"""The most pairs in a block: a whole chunk with a usual sheet."""


def best_offers(pricing: Pricing, cars: Cars) -> dict[str, list[Any]]:
    """Return the best offer of each car: ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, each of
    length c.

    A car with an unknown cost has an offer whose NPVs are None, because its gross is unknown; no floor is
    checked for it. A car without an acceptable structure has None in every column but ``binding``, which then
    names the refusing limit, and ``fix``, if a single change makes it acceptable. The plan must have a
    programme.
    """
    programmes = len(pricing.plan.programmes)
    parts = [_block_offers(pricing, block) for block in blocks(cars, programmes)]
    if not parts:
        parts = [_block_offers(pricing, cars)]
    offers = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    offers["fix"] = _fixes(pricing, cars, offers["payment_cents"])
    return offers


def blocks(cars: Cars, programmes: int) -> Iterator[Cars]:
    """Yield the cars in blocks of at most BLOCK_PAIRS pairs, at least one car each."""
    size = _block_size(programmes)
    for start in range(0, len(cars), size):
        yield cars.at(slice(start, start + size))


def _block_size(programmes: int) -> int:
    return max(1, BLOCK_PAIRS // max(1, programmes))


def _fixes(pricing: Pricing, cars: Cars, payments: list[int | None]) -> list[dict[str, Any] | None]:
    """Return the fix of each car without an offer.

    Most calls have few of these cars, and a fix costs about the same for one car as for many. So they are
    gathered from all blocks first.
    """
    fixes: list[dict[str, Any] | None] = [None] * len(cars)
    refused = np.array([car for car, payment in enumerate(payments) if payment is None], dtype=np.intp)
    size = _block_size(len(pricing.plan.programmes))
    for start in range(0, len(refused), size):
        some = refused[start : start + size]
        for car, fix in zip(some.tolist(), find_fixes(pricing, cars.at(some)), strict=True):
            fixes[car] = None if fix is None else msgspec.to_builtins(fix)
    return fixes


def _block_offers(pricing: Pricing, cars: Cars) -> dict[str, list[Any]]:
    """Return the columns of a block. ``fix`` is empty yet, and keeps its place among them."""
    plan, count = pricing.plan, len(cars)
    structures = build_structures(plan, cars)
    worthwhile = without_dominated(pricing, structures)
    found = contenders(pricing, cars, worthwhile)
    best = best_of_cars(pricing, found)
    offered = np.zeros(count, dtype=np.bool_)
    offered[best.car] = True
    programme = best.programme
    points = counts_by_car(frontier_of_cars(pricing, found, best).car, count)
    refusal = np.where(structures.any_feasible(), int(Limit.NPV_FLOOR), structures.nearest_limit())
    refusal[offered] = structures.limit[best.car, programme]

    def shown(values: NDArray[Any]) -> list[Any]:
        column = np.full(count, None, dtype=object)
        column[offered] = values.tolist()
        return list(column)

    def worth(values: NDArray[Any]) -> list[Any]:
        return [npv if known else None for npv, known in zip(shown(values), cars.cost_known, strict=True)]

    stressed = pricing.valuation.npv_cents(programme, best.band, best.principal, stressed=True)
    return {
        "payment_cents": shown(best.payment),
        "term_months": shown(plan.programmes.term[programme]),
        "lender": shown(plan.programmes.lender[programme]),
        "rate_bp": shown(plan.sell_rate[programme] / HUNDREDTHS),
        "cash_down_cents": shown(best.cash),
        "discount_cents": shown(best.discount),
        "npv_cents": worth(best.npv),
        "stress_npv_cents": worth(stressed + best.front_gross),
        "binding": [_WIRE[code] for code in refusal.tolist()],
        "fix": [],
        "frontier": shown(points[offered]),
        "rebate_given_up_cents": shown(
            structures.sales.whole_rebate[offered] - structures.sales.rebate[offered.nonzero()[0], programme]
        ),
    }
