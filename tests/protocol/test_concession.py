"""What an offer gives away, and products whose cost nobody stated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure, with_trades
from protocol.deal.trades import Trade
from protocol.money.concession import Concession, concession_of, lacks_appraisal, lacks_product_cost

cents = st.integers(0, 5_000_000)


@given(st.tuples(cents, cents), cents, st.tuples(cents, cents), cents)
def test_a_dollar_counts_once_wherever_it_is_written(
    prices: tuple[int, int], discount: int, trade: tuple[int, int], rebate: int
) -> None:
    """As a lower price, a discount, an allowance above the ACV or a rebate of the deal's own."""
    (cut, advertised), (acv, over) = sorted(prices), trade
    structure = Structure(
        price_cents=advertised - cut,
        discount_cents=discount,
        trade_acv_cents=acv,
        trade_allowance_cents=acv + over,
        rebate_cents=rebate,
    )
    given_away = concession_of(structure, advertised_cents=advertised)
    assert given_away == Concession(cut, discount, over, rebate)
    assert given_away.total_cents == cut + discount + over + rebate
    assert given_away.shown_cents == given_away.total_cents - over


def test_what_lies_in_the_stores_favour_pays_for_nothing() -> None:
    """A price above the advertised one, which is never sold at, and an allowance below the ACV count as 0."""
    structure = Structure(price_cents=30_000_00, trade_acv_cents=9_000_00, trade_allowance_cents=4_000_00)
    assert concession_of(structure, advertised_cents=25_000_00).total_cents == 0
    assert concession_of(Structure(), advertised_cents=25_000_00, discount_cents=7).total_cents == 7


def test_a_trade_that_nobody_appraised_gives_nothing_away() -> None:
    """Its allowance counts as its cash value; whoever approves is told that nobody knows better."""
    structure = Structure(trade_allowance_cents=8_000_00)
    assert concession_of(structure, advertised_cents=25_000_00).total_cents == 0
    assert lacks_appraisal(structure)
    assert not lacks_appraisal(Structure())
    assert not lacks_appraisal(Structure(trade_allowance_cents=8_000_00, trade_acv_cents=0))


def test_of_two_trades_the_one_without_a_value_counts_with_its_allowance() -> None:
    """What is given away on the other is known, and that one is not appraised is said."""
    known = Trade(id="a", allowance_cents=9_000_00, acv_cents=8_000_00)
    structure = with_trades(Structure(), [known, Trade(id="b", allowance_cents=3_000_00)])
    assert concession_of(structure, advertised_cents=25_000_00).over_allowance_cents == 1_000_00
    assert lacks_appraisal(structure)
    assert not lacks_appraisal(with_trades(Structure(), [known, Trade(id="b")]))


def test_a_trade_that_is_worth_nothing_is_given_away_whole() -> None:
    """An ACV of 0 that somebody stated counts as the NPV counts it: no allowance is covered by it."""
    structure = Structure(trade_allowance_cents=8_000_00, trade_acv_cents=0)
    given_away = concession_of(structure, advertised_cents=25_000_00)
    assert given_away.total_cents == 8_000_00
    assert given_away.describe() == "$8,000.00 (allowance above ACV $8,000.00)"


@pytest.mark.parametrize(
    ("products", "stated", "usual_share_bp", "lacks"),
    [
        (0, 0, 0.0, False),
        (100_00, 0, 4_500.0, True),
        (100_00, 1, 0.0, False),
        (100_00, None, 4_500.0, False),
        (100_00, None, 0.0, True),
        (1, None, 4_500.0, True),
    ],
)
def test_products_without_a_cost(
    products: int, stated: int | None, usual_share_bp: float, lacks: bool
) -> None:
    """A stated cost of 0, or a usual share that comes to nothing."""
    structure = Structure(products_cents=products, products_cost_cents=stated)
    assert lacks_product_cost(structure, usual_share_bp) is lacks
