"""Rows of a real lender's size at random."""

import random

from protocol.money.lending import Disposition, LtvBasis, Programme
from tests.finance.cases import programme


def random_row(pick: random.Random, number: int) -> Programme:
    """Return a row of a real lender's size, whose bands are as likely to overlap as not."""
    front, total = pick.choice([9_000, 10_000, 11_000, 12_000]), pick.choice([10_000, 12_000, 13_500])
    year, mileage = (
        pick.choice([(2000, 2100), (2019, 2100), (2000, 2021)]),
        pick.choice([(0, 200_000), (0, 60_000), (30_000, 200_000)]),
    )
    return programme(
        programme_id=f"row-{number}",
        lender=pick.choice(["Harbor", "Meridian"]),
        term_min_months=pick.choice([None, 36]),
        term_months=pick.choice([48, 60, 72]),
        year_min=year[0],
        year_max=year[1],
        mileage_min=mileage[0],
        mileage_max=mileage[1],
        used_ltv_basis=pick.choice([LtvBasis.WHOLESALE, LtvBasis.RETAIL]),
        ltv_min_bp=float(pick.choice([0, 0, 8_000, 9_500])),
        ltv_front_max_bp=float(min(front, total)),
        ltv_total_max_bp=float(total),
        amount_min_cents=pick.choice([500_000, 500_000, 2_000_000]),
        amount_max_cents=pick.choice([2_500_000, 4_000_000, 8_000_000]),
        negative_equity_max_cents=pick.choice([None, None, 100_000]),
        down_min_cents=pick.choice([0, 0, 150_000]),
        buy_rate_bp=float(pick.choice([499, 599, 699, 799])),
        disposition=pick.choice([Disposition.HELD, Disposition.SOLD]),
        reserve_max_cents=pick.choice([None, 60_000]),
    )
