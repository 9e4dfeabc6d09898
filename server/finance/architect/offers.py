"""The best offer of each car, as the wire's columns; computed block by block, so memory does not grow."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from server.finance.architect.fixes import find_fixes
from server.finance.architect.pruning.dominated import without_dominated
from server.finance.architect.ranking.contenders import contenders
from server.finance.architect.ranking.frontiers import frontier_of_cars
from server.finance.architect.ranking.objective import best_of_cars, counts_by_car
from server.finance.architect.space.pricing import Pricing
from server.finance.cars import Cars
from server.finance.columns import Spread, wire_limits, without
from server.finance.loans.structures import build_structures
from server.finance.rounding import HUNDREDTHS
from server.finance.rules.limits import Limit

BLOCK_PAIRS = 65_536
"""The most pairs in a block: a whole chunk with a usual sheet, because each block costs a fixed amount."""

BLOCK_COMPARISONS = 1 << 22
"""The most pairs in a block, each counted once for each programme: every point of a car's frontier is
compared with all of the car's pairs, and the largest arrays are of that size.
"""


def best_offers(pricing: Pricing, cars: Cars) -> dict[str, list[Any]]:
    """Return the best offer of each car: ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, each of
    length c.

    A car with an unknown cost has an offer whose NPVs are None, because its gross is unknown; no floor is
    checked for it. A car without an acceptable structure has None in every column but ``binding``, which then
    names the refusing limit, and ``fix``, if a single change makes it acceptable. The plan must have a
    programme.
    """
    offers = offers_without_fixes(pricing, cars)
    refused = [car for car, payment in enumerate(offers["payment_cents"]) if payment is None]
    add_fixes(offers, pricing, cars, refused)
    return offers


def offers_without_fixes(pricing: Pricing, cars: Cars) -> dict[str, list[Any]]:
    """Return ``best_offers`` with None as each car's ``fix``."""
    parts = [_block_offers(pricing, block) for block in blocks(cars, len(pricing.plan.programmes))]
    if len(parts) == 1:
        return parts[0]
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}


def blocks(cars: Cars, programmes: int) -> Iterator[Cars]:
    """Yield the cars in blocks, at least one car each; one block of no cars."""
    size = _block_size(programmes)
    if len(cars) <= size:
        yield cars
        return
    for start in range(0, len(cars), size):
        yield cars.at(slice(start, start + size))


def _block_size(programmes: int) -> int:
    most = min(BLOCK_PAIRS, BLOCK_COMPARISONS // max(1, programmes))
    return max(1, most // max(1, programmes))


def add_fixes(offers: dict[str, list[Any]], pricing: Pricing, cars: Cars, refused: Sequence[int]) -> None:
    """Fill ``fix`` for the refused cars.

    A fix costs about the same for one car as for many, so they are computed together; and a car that is sold
    without a lender needs none.
    """
    fixes, size = offers["fix"], _block_size(len(pricing.plan.programmes))
    for start in range(0, len(refused), size):
        some = refused[start : start + size]
        for car, fix in zip(some, find_fixes(pricing, cars.at(np.array(some))), strict=True):
            fixes[car] = None if fix is None else msgspec.to_builtins(fix)


def _block_offers(pricing: Pricing, cars: Cars) -> dict[str, list[Any]]:
    """Return the columns of a block. ``fix`` is empty yet, and keeps its place among them."""
    plan, count = pricing.plan, len(cars)
    structures = build_structures(plan, cars)
    worthwhile = without_dominated(pricing, structures)
    found = contenders(pricing, cars, worthwhile)
    best = best_of_cars(pricing, found)
    car, programme, unknown = best.car, best.programme, ~cars.cost_known
    points = counts_by_car(frontier_of_cars(pricing, found, best).car, count)
    stressed = pricing.valuation.npv_cents(programme, best.band, best.principal, stressed=True)
    loans = structures.loans
    place = loans.number.searchsorted(structures.pairs(car, programme))
    binding, of_offers = loans.limit.take(place), Spread(car, count)
    if of_offers.others:
        refusal = np.where(structures.any_feasible(), int(Limit.NPV_FLOOR), structures.nearest_limit())
        refusal[car] = binding
        binding = refusal
    rebate_given_up = loans.sale.rebates[:, 0].take(car) - loans.rebate.take(place)
    shown = of_offers.column
    return {
        "payment_cents": shown(best.payment),
        "term_months": shown(plan.programmes.term.take(programme)),
        "lender": shown(plan.programmes.lender.take(programme)),
        "rate_bp": shown(plan.sell_rate.take(programme) / HUNDREDTHS),
        "cash_down_cents": shown(best.cash),
        "discount_cents": shown(best.discount),
        "npv_cents": without(shown(best.npv), unknown),
        "stress_npv_cents": without(shown(stressed + best.front_gross), unknown),
        "binding": wire_limits(binding),
        "fix": [None] * count,
        "frontier": shown(points.take(car)),
        "rebate_given_up_cents": shown(rebate_given_up),
    }
