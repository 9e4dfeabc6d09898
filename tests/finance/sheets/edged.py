"""Sheets whose rows overlap with lower edges: the sample with cheaper rows beside its own, and random."""

import random

import msgspec

from protocol.money.lending import Programme, RateSheet
from protocol.records import Tier
from tests.finance.customers import SHEET
from tests.finance.sheets.random_rows import random_row

LARGE_LOAN = {"amount_min_cents": 2_500_000}
HIGH_ADVANCE = {"ltv_min_bp": 9_500.0}
SHORT_TERM = {"term_min_months": 36}


def _edged() -> RateSheet:
    """Return the sample sheet with cheaper rows beside its own: for large loans, for high advances, and at a
    manufacturer's rate that ends with the short terms.
    """
    beside: list[Programme] = []
    for row in SHEET.programmes:
        low = msgspec.structs.replace(row, buy_rate_bp=row.buy_rate_bp - 60.0)
        if row.term_months in {60, 72} and not row.excluded_rebates:
            beside.append(msgspec.structs.replace(low, **LARGE_LOAN))
        if row.term_months in {48, 84} and row.ltv_total_max_bp > HIGH_ADVANCE["ltv_min_bp"]:
            beside.append(msgspec.structs.replace(low, **HIGH_ADVANCE))
        if row.term_months == 60 and row.programme_id.startswith("meridian"):
            beside.append(msgspec.structs.replace(row, buy_rate_bp=90.0, **SHORT_TERM))
    return RateSheet(version="edged", programmes=(*SHEET.programmes, *beside))


EDGED = _edged()


def random_sheet(chance: random.Random) -> RateSheet:
    """Return a sheet of two lenders with one programme each, whose rows overlap as it happens."""
    rows = [random_row(chance, number) for number in range(chance.randrange(4, 12))]
    return RateSheet(
        version="random",
        programmes=tuple(
            msgspec.structs.replace(row, programme_id=row.lender, tier=chance.choice([Tier.PRIME, tier]))
            for row in rows
            for tier in (Tier.NEAR_PRIME,)
        ),
    )
