"""A lender's decision about one customer in place of its programmes: narrower or wider than they are."""

import datetime as dt

import pytest

from protocol.deal.deal_parts import LenderTerms
from protocol.deal.structure import Structure
from protocol.deal.workflow import LenderStatus, Reason
from protocol.money.lending import Programme
from protocol.records import Tier
from server.finance.loans.structures import build_structures
from server.finance.plan import plan_deal
from server.finance.rules.decided import decided_sheet
from tests.finance.cases import TODAY, car, cars, inputs, programme, sheet

EXPIRES = dt.datetime.combine(TODAY + dt.timedelta(days=10), dt.time(), dt.UTC)


def approval(**changes: object) -> LenderTerms:
    """Return Harbor's approval of what its programme offers, with changes."""
    given: dict[str, object] = {
        "decision_id": "d",
        "lender": "Harbor Credit",
        "status": LenderStatus.APPROVED,
        "tier": Tier.PRIME,
        "rate_bp": 699.0,
        "advance_max_cents": 10_000_000,
        "term_months": 84,
        "expires_at": EXPIRES,
    }
    return LenderTerms(**(given | changes))  # type: ignore[arg-type]


def decided(terms: LenderTerms, *rows: Programme) -> list[Programme]:
    """Return the rows of the deal's sheet under a decision."""
    return list(decided_sheet(sheet(*rows), inputs(lender_terms=(terms,))).programmes)


@pytest.mark.parametrize("advance_cents", [1_000_000, 2_000_000, 3_000_000])
def test_the_advance_is_the_lenders_own(advance_cents: int) -> None:
    """It takes the place of the programme's largest loan, be it less or more."""
    row = programme(amount_max_cents=2_000_000)
    (found,) = decided(approval(advance_max_cents=advance_cents), row)
    assert found.amount_max_cents == advance_cents


def test_the_longest_term_is_the_lenders_own_where_its_programme_has_one() -> None:
    """Every term of the programme up to it, whatever the deal offers; it makes no programme of its own."""
    rows = [programme(term_months=months) for months in (48, 60, 72)]
    assert [row.term_months for row in decided(approval(term_months=60), *rows)] == [48, 60]
    assert [row.term_months for row in decided(approval(term_months=84), *rows)] == [48, 60, 72]


def test_what_the_lender_did_not_decide_stays() -> None:
    """Rate, tier and advance are the decision's; loan to value and payment to income are the programme's."""
    row = programme(amount_max_cents=2_000_000, tier=Tier.SUBPRIME)
    terms = approval(tier=Tier.SUBPRIME, rate_bp=850.0, advance_max_cents=9_000_000)
    (found,) = decided(terms, row)
    assert (found.tier, found.buy_rate_bp, found.score_min, found.score_max) == (Tier.PRIME, 850.0, 250, 900)
    for name in ("ltv_front_max_bp", "ltv_total_max_bp", "pti_max_bp", "dti_max_bp", "amount_min_cents"):
        assert getattr(found, name) == getattr(row, name), name


def test_a_larger_advance_opens_a_car() -> None:
    """What the programme lends is too little for this car; the lender's word is enough, up to its LTV."""
    deal = {"structure": Structure(terms_months=[60], cash_down_max_cents=0)}
    rows = sheet(programme(amount_max_cents=2_000_000))

    def is_feasible(lenders: tuple[LenderTerms, ...], **numbers: int) -> bool:
        plan = plan_deal(inputs(**deal, lender_terms=lenders), rows)
        return bool(build_structures(plan, cars(car(**numbers))).feasible.any())

    assert not is_feasible(())
    assert is_feasible((approval(advance_max_cents=2_500_000),))
    assert not is_feasible((approval(advance_max_cents=2_499_999),))
    assert not is_feasible((approval(advance_max_cents=9_000_000),), wholesale_cents=1_000_000)


def test_a_refusal_takes_the_lender_out() -> None:
    """Others stay as they are."""
    refusal = LenderTerms(
        decision_id="d", lender="Harbor Credit", status=LenderStatus.DECLINED, reasons=[Reason.BANKRUPTCY]
    )
    other = programme(programme_id="other", lender="Other")
    assert decided(refusal, programme(), other) == [other]
