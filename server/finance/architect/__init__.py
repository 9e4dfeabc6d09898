"""The best structure for each car: every corner of the structure space valued, the most valuable one offered.

The tier, the trade, the products, the price as a ceiling and the standard markup are given; programme, term,
cash and discount are what the search may vary. ``ranking.objective`` defines what is best.
"""

from server.finance.architect.choices import (
    Choice,
    Missed,
    Refusal,
    best_by_payment_band,
    choices,
    frontier,
    missed,
    refusal,
)
from server.finance.architect.offers import add_fixes, best_offers, offers_without_fixes
from server.finance.architect.ranking.objective import rank_reversals
from server.finance.architect.space.corners import PAYMENT_BAND_CENTS
from server.finance.architect.space.pricing import Pricing, front_gross_cents, price_plan, with_cash

__all__ = [
    "PAYMENT_BAND_CENTS",
    "Choice",
    "Missed",
    "Pricing",
    "Refusal",
    "add_fixes",
    "best_by_payment_band",
    "best_offers",
    "choices",
    "front_gross_cents",
    "frontier",
    "missed",
    "offers_without_fixes",
    "price_plan",
    "rank_reversals",
    "refusal",
    "with_cash",
]
