"""Random deals and cars, the best offer of each, and what every structure of it is worth."""

from typing import Any

from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from server.finance.architect import (
    Pricing,
    best_offers,
    price_plan,
)
from server.finance.plan import plan_deal
from tests.finance import reference
from tests.finance.cases import cars, model, sheet
from tests.finance.strategies import deals, models, numbers, programmes
from tests.finance.test_structures import factors_by_programme, takes_customer

WISH = Structure(terms_months=[60, 72])


def offers(
    deal: DealInputs, rows: list[Programme], stock: list[dict[str, int]], **risk: Any
) -> dict[str, list[Any]]:
    """Value ``stock`` and return its columns."""
    pricing = price_plan(plan_deal(deal, sheet(*rows)), model(**risk))
    return best_offers(pricing, cars(*stock))


DEALS = {"deal": deals(), "rows": programmes(), "risk": models()}
STOCK = st.lists(numbers(), min_size=1, max_size=3)


def worths(
    pricing: Pricing, rows: tuple[Programme, ...], one: dict[str, int]
) -> list[tuple[int, reference.Found]]:
    """Return the NPV of every feasible structure of one car, each cent of cash and discount tried."""
    plan, deal = pricing.plan, pricing.plan.inputs
    kept = tuple(row for row in rows if takes_customer(row, deal))
    curves = pricing.valuation.bands.curves_at(12)
    found = reference.feasible_structures(deal, kept, one, factors_by_programme(plan, rows, deal))
    return [
        (
            int(
                pricing.valuation.npv_cents(
                    kept.index(each.programme), reference.band_of(deal, each, curves), each.principal
                )
            )
            + reference.front_gross(deal, one, each.discount),
            each,
        )
        for each in found
    ]
