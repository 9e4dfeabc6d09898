"""What a lower payment costs: the frontier of one car, and the best structure of each payment band."""

from typing import Any

from protocol.money.quotes import FrontierPoint, PaymentBand, StressedPoint
from server.finance.architect import (
    PAYMENT_BAND_CENTS,
    Choice,
    best_by_payment_band,
    frontier,
    rank_reversals,
)
from server.finance.quoting.case import Case


def quote_frontier(case: Case) -> tuple[list[StressedPoint], list[PaymentBand]]:
    """Return the structures that no other beats in both payment and NPV, by rising payment, and the best
    structure of each payment band; both empty if the car has none.

    Each point counts the points with lower NPV that are worth more under stress.
    """
    pricing = case.pricing
    if pricing is None:
        return [], []
    bands = [
        PaymentBand(over_cents=highest - PAYMENT_BAND_CENTS, to_cents=highest, best=frontier_point(best))
        for highest, best in best_by_payment_band(pricing, case.car).items()
    ]
    points = frontier(pricing, case.car)
    npvs = [point.npv_cents for point in points if point.npv_cents is not None]
    stressed = [point.stress_npv_cents for point in points if point.stress_npv_cents is not None]
    if len(npvs) < len(points):
        # The cost of the car is unknown, and so is what its structures are worth.
        return [StressedPoint(**_shown(point)) for point in points], bands
    passed = rank_reversals(npvs, stressed)
    return [
        StressedPoint(**_shown(point), passed_by=by) for point, by in zip(points, passed, strict=True)
    ], bands


def frontier_point(choice: Choice) -> FrontierPoint:
    """Return a choice as the wire shows it."""
    return FrontierPoint(**_shown(choice))


def _shown(choice: Choice) -> dict[str, Any]:
    # Some screens show a score instead of an NPV; it is not computed here.
    names = (name for name in FrontierPoint.__struct_fields__ if name != "score")
    fields = {name: getattr(choice, name) for name in names}
    fields["excluded_rebates"] = list(choice.excluded_rebates) or None
    return {name: value for name, value in fields.items() if value is not None}
