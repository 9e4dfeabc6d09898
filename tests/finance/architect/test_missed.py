"""By how much a refused car misses its limit, and at which lender."""

import msgspec
from hypothesis import given

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme, RiskModel
from server.finance.architect import Missed, missed, price_plan, refusal
from server.finance.loans.structures import build_structures
from server.finance.payment import payments_cents
from server.finance.plan import plan_deal
from tests.finance.architect.asked import DEALS
from tests.finance.cases import car, cars, inputs, model, programme, sheet
from tests.finance.strategies import numbers

LOAN = {"ltv_front", "ltv_total", "amount_max", "negative_equity", "down_min"}


@given(**DEALS, one=numbers())
def test_the_missing_amount_is_the_least_cash_that_meets_the_limit(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, one: dict[str, int]
) -> None:
    """With so much more cash the car can become a deal, with a cent less it cannot; the limit is that of the
    refusal, unless the store's minimum is in the way.
    """
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    pricing = price_plan(plan, risk)
    found = missed(pricing, cars(one))
    if found is None:
        return
    why = refusal(pricing, cars(one))
    assert why is not None and why.binding == found.binding
    assert (found.over_cents is not None) == (found.binding in LOAN | {"payment_max"})
    if found.binding in LOAN:
        assert found.over_cents and found.lender in {row.lender for row in rows}
        assert _possible(deal, rows, one, found.over_cents)
        assert not _possible(deal, rows, one, found.over_cents - 1)
    elif found.binding == "payment_max":
        assert found.over_cents and found.over_cents > 0


def _possible(deal: DealInputs, rows: tuple[Programme, ...], one: dict[str, int], more: int) -> bool:
    s = deal.structure
    most = s.cash_down_cents if s.cash_down_max_cents is None else s.cash_down_max_cents
    richer = msgspec.structs.replace(s, cash_down_max_cents=most + more)
    changed = msgspec.structs.replace(deal, structure=richer)
    return bool(build_structures(plan_deal(changed, sheet(*rows)), cars(one)).any_feasible()[0])


def test_amounts_in_numbers() -> None:
    """A payment above the customer's highest, and a loan above a lender's largest."""
    row = programme()
    wish = Structure(terms_months=[60], payment_max_cents=500_00)
    plan = plan_deal(inputs(wish), sheet(row))
    payment = int(payments_cents(plan.factors[:1] * 0 + 2_600_000, plan.factors[:1])[0])
    found = missed(price_plan(plan, model()), cars(car(price_cents=2_600_000)))
    assert found == Missed("payment_max", payment - 500_00, None)
    small = programme(amount_max_cents=2_000_000, lender="Group")
    plan = plan_deal(inputs(Structure(terms_months=[60])), sheet(small))
    found = missed(price_plan(plan, model()), cars(car(price_cents=2_231_000)))
    assert found == Missed("amount_max", 2_310_00, "Group")
    assert missed(price_plan(plan, model()), cars(car(price_cents=1_500_000))) is None


def test_a_limit_that_cash_does_not_meet_has_no_amount() -> None:
    """A car with too many miles is out, whatever somebody pays down."""
    plan = plan_deal(inputs(Structure(terms_months=[60])), sheet(programme(mileage_max=10)))
    assert missed(price_plan(plan, model()), cars(car())) is None
