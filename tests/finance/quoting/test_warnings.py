"""What a quote warns of, and what mends a car that no programme takes."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from protocol.events import FixKind
from protocol.money.inputs import AuthorityCovers
from protocol.money.quotes import WarningCode
from server.finance.architect import choices
from server.finance.quoting import (
    quote_structure,
)
from tests.finance.cases import TODAY
from tests.finance.quoting.asked import TERMS, WISH, case, under, warned


def test_a_refused_car_is_priced_where_rate_and_term_are_stated() -> None:
    """Without a lender the stated contract is still printed; without rate or term nothing is."""
    tight = {"payment_max_cents": 10_000}
    refused = quote_structure(under(case(), **tight)).answer
    assert (refused.eligible, refused.binding) == (False, "payment_max")
    assert refused.payment_cents is msgspec.UNSET
    stated = quote_structure(
        under(case(), **tight, rate_bp=700, rate_reason="promotion", term_months=60)
    ).answer
    assert (stated.eligible, stated.rate_bp, len(stated.schedule)) == (False, 700, 60)
    assert stated.value is msgspec.UNSET


def test_what_no_programme_offers_is_mended_by_another() -> None:
    """A term, or a rate, that no programme has: the fix names the term, or the lender, of the best one."""
    term = quote_structure(under(case(), terms_months=[54])).answer
    assert (term.binding, term.fix.kind) == ("term", FixKind.TERM)
    assert term.fix.term_months in TERMS
    rate = quote_structure(under(case(), rate_bp=1, rate_reason="promotion")).answer
    assert (rate.binding, rate.fix.kind) == ("rate", FixKind.PROGRAMME)
    assert rate.fix.lender in {"harbor", "summit"}
    assert quote_structure(case(rows=[])).answer.fix is None


def test_warnings() -> None:
    """A payoff past its date, more given away than the authority, and products without a cost are told."""
    structure = msgspec.structs.replace(
        WISH,
        payoff_good_through=TODAY - dt.timedelta(days=4),
        payoff_per_diem_cents=500,
        discount_cents=60_000,
        products_cost_cents=0,
    )
    subject = case(structure, discount_max_cents=50_000)
    assert quote_structure(subject).answer.payoff_cents == 302_000
    assert set(warned(subject)) == set(WarningCode) - {
        WarningCode.TRADE_NOT_APPRAISED,
        WarningCode.COST_UNKNOWN,
    }
    # What a cost is, and where an allowance lies above the ACV, only the desk is told.
    for_sales = warned(subject, desk=False)
    assert set(for_sales) == {WarningCode.PAYOFF_PAST_GOOD_THROUGH, WarningCode.DISCOUNT_OVER_AUTHORITY}
    assert "$1,100.00" in for_sales[WarningCode.DISCOUNT_OVER_AUTHORITY]
    assert warned(case(discount_max_cents=80_000)) == {}


def test_a_trade_that_was_not_appraised_is_a_warning_to_the_desk() -> None:
    """Its allowance counts as its value: nothing is known to be given away, and the desk hears that."""
    unknown: dict[str, Any] = {"trade_allowance_cents": 2_000_000, "trade_acv_cents": None}
    wish = msgspec.structs.replace(WISH, rebate_cents=0, **unknown)
    assert set(warned(case(wish))) == {WarningCode.TRADE_NOT_APPRAISED}
    assert warned(case(wish), desk=False) == {}
    assert quote_structure(case(wish)).answer.eligible


@pytest.mark.parametrize("field", ["price_cents", "discount_cents", "rebate_cents", "trade_allowance_cents"])
def test_a_warning_counts_a_dollar_wherever_it_stands(field: str) -> None:
    """The largest concession that is covered warns of nothing; a cent more does, and names the part. Of an
    allowance above the ACV nothing is said outside the desk.
    """
    plain = msgspec.structs.replace(WISH, rebate_cents=0, trade_allowance_cents=WISH.trade_acv_cents)
    base = {"price_cents": 2_500_000, "trade_allowance_cents": WISH.trade_acv_cents}.get(field, 0)
    sign = -1 if field == "price_cents" else 1
    for away, over in ((50_000, False), (50_001, True)):
        wish = msgspec.structs.replace(plain, **{field: base + sign * away})
        subject = case(wish, discount_max_cents=50_000, authority_covers=AuthorityCovers.CONCESSION)
        assert (WarningCode.DISCOUNT_OVER_AUTHORITY in warned(subject)) is over
        told = WarningCode.DISCOUNT_OVER_AUTHORITY in warned(subject, desk=False)
        assert told is (over and field != "trade_allowance_cents")


def test_the_search_gives_what_price_cut_and_rebate_leave() -> None:
    """The architect's discount and the seller's other concessions come out of one authority; what the desk
    granted stands. A pencil from before that says so is computed as it was.
    """
    limits = {"discount_max_cents": 100_000, "authority_covers": AuthorityCovers.CONCESSION}

    def most(covers: AuthorityCovers = AuthorityCovers.CONCESSION, **changes: int) -> int:
        wish = msgspec.structs.replace(WISH, **{"rebate_cents": 0, "cash_down_max_cents": 100_000, **changes})
        subject = case(wish, **limits | {"authority_covers": covers})
        return max(choice.discount_cents for choice in choices(subject.pricing, subject.car))

    assert most() == 100_000
    assert most(price_cents=2_440_000) == 40_000
    assert most(rebate_cents=30_000) == 70_000
    assert most(price_cents=2_440_000, rebate_cents=30_000) == 10_000
    assert most(price_cents=2_300_000) == 0
    assert most(price_cents=2_300_000, discount_cents=25_000) == 25_000
    assert most(AuthorityCovers.DISCOUNT, price_cents=2_440_000, rebate_cents=30_000) == 100_000


def test_a_fixed_discount_is_not_the_remedy() -> None:
    """A refused structure at a fixed discount names more cash, not a discount beyond what it states."""
    kinds = set()
    for most in range(200_00, 500_00, 10_00):
        tight = under(case(), payment_max_cents=most, cash_down_max_cents=100_000, terms_months=[48])
        found = quote_structure(tight.at_discount(100_00)).answer
        open_ = quote_structure(tight.under(discount_cents=100_00)).answer
        assert not found.eligible or found.discount_cents == 100_00
        if found.fix:
            assert found.fix.price_cents is None
            kinds.add((found.fix.kind, open_.fix is not None and open_.fix.price_cents is not None))
    assert (FixKind.CASH, True) in kinds
