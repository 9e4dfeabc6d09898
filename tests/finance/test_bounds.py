"""No input that decodes makes the engine work without a bound, or count beyond what 64 bits hold.

Work is counted in calls and bytes, so that the tests say the same on every machine and end where the work
does not.
"""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol import codec
from protocol.commands import MAX_GRID, Roll
from protocol.deal.structure import (
    FIRST_DATE,
    LAST_DATE,
    MAX_PER_DIEM_CENTS,
    Structure,
    StructureChanges,
    StructureError,
    revised,
)
from protocol.money.inputs import DealInputs
from protocol.money.leasing import LeaseRequest
from protocol.money.lending import RateSheet, RiskModel
from protocol.money.pricing import AprRequest, PriceRequest, RollRequest, ValueRequest, Vary
from protocol.records import MAX_CENTS, BasisPoints
from server.finance.architect import best_offers, price_plan
from server.finance.calendar import with_dates
from server.finance.cars import Cars
from server.finance.contract import least_discount_cents, owed_before_cash_cents, payoff_cents
from server.finance.exact.apr import annual_percentage_rate
from server.finance.exact.lease import quote_lease
from server.finance.exact.price import price_contract
from server.finance.exact.roll import roll
from server.finance.loans.structures import build_structures
from server.finance.plan import plan_deal, price_window
from server.finance.quoting import (
    Case,
    GridQuestion,
    quote_cash,
    quote_frontier,
    quote_grid,
    quote_roll,
    quote_structure,
    quote_warnings,
)
from server.finance.value.single import value_contract
from tests.finance import extremes, reference
from tests.finance.cases import TODAY, car, cars, inputs, model, programme, sheet
from tests.protocol.strategies import values_of
from tests.work import TooMuchWorkError, work_of

MOST_CALLS = 3_000_000
"""Of one quote with the largest grid: hundreds of thousands in the worst deals that are drawn."""

MOST_BYTES = 512 * 1024 * 1024
DISCOUNT_CALLS = 20_000

at_the_limits = settings(
    max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_a_computation_without_an_end_is_ended() -> None:
    """The counter that the other tests rely on ends what never returns."""

    def endless() -> None:
        while True:
            len("")

    with pytest.raises(TooMuchWorkError):
        work_of(endless, 1_000)


def test_a_payoff_that_grew_for_centuries_is_refused_where_it_is_stated() -> None:
    """Per diem times days is bounded by the per diem: no dates make more of it than an amount may be."""
    with pytest.raises(codec.FieldError, match="payoff_per_diem_cents"):
        codec.convert(StructureChanges, {"payoff_per_diem_cents": 9_999_999_999})
    longest = Structure(
        payoff_per_diem_cents=MAX_PER_DIEM_CENTS, payoff_good_through=FIRST_DATE, contract_date=LAST_DATE
    )
    assert payoff_cents(longest) <= MAX_CENTS


def test_a_stored_per_diem_beyond_the_bound_is_named() -> None:
    """A structure that was stored before there was a bound computes nothing, and says which field to mend."""
    stored = Structure(payoff_per_diem_cents=9_999_999_999, payoff_good_through=dt.date(1990, 1, 1))
    with pytest.raises(StructureError, match="payoff_per_diem_cents"):
        with_dates(stored, TODAY)
    with pytest.raises(StructureError, match="payoff_per_diem_cents"):
        revised(stored, StructureChanges(cash_down_cents=1))
    mended = revised(stored, StructureChanges(payoff_per_diem_cents=900))
    assert with_dates(mended, TODAY).payoff_per_diem_cents == 900


@pytest.mark.parametrize("days", [0, 367])
def test_a_first_payment_lies_within_a_year(days: int) -> None:
    """Interest from contract to first payment is that of a year at most."""
    first = TODAY + dt.timedelta(days=days)
    with pytest.raises(StructureError, match="first_payment_date"):
        with_dates(Structure(contract_date=TODAY, first_payment_date=first), TODAY)


@given(
    deal=extremes.deals(),
    price=st.integers(1, MAX_CENTS),
    rebate=extremes.ANY_CENTS,
    lower=st.integers(0, 10**15),
)
def test_the_least_discount_is_found_in_a_bounded_number_of_steps(
    deal: DealInputs, price: int, rebate: int, lower: int
) -> None:
    """Whatever is owed, also thousands of times more than any amount: exactly the first that suffices."""
    asked = deal.structure.discount_cents
    target = reference.principal(deal, price, asked, rebate) - lower
    columns = (np.array([price]), np.array([rebate]), np.array([target]))
    found, _ = work_of(lambda: least_discount_cents(deal, *columns), DISCOUNT_CALLS)
    discount = int(found[0])
    assert reference.principal(deal, price, discount, rebate) <= target
    assert discount == asked or reference.principal(deal, price, discount - 1, rebate) > target


@given(deal=extremes.deals(), one=extremes.numbers(), discount=extremes.ANY_CENTS)
def test_what_is_owed_does_not_overflow(deal: DealInputs, one: dict[str, int], discount: int) -> None:
    """In bulk as with numbers of any size."""
    price, rebate = one["price_cents"], one["rebate_cents"]
    owed = owed_before_cash_cents(deal, np.array([price]), np.array([discount]), np.array([rebate]))
    assert owed.tolist() == [reference.principal(deal, price, discount, rebate)]


@at_the_limits
@given(
    deal=extremes.deals(),
    one=extremes.numbers(),
    risk=extremes.models(),
    wanted=st.sampled_from(Vary),
    data=st.data(),
)
def test_the_work_of_any_quote_is_bounded(
    deal: DealInputs, one: dict[str, int], risk: RiskModel, wanted: Vary, data: st.DataObject
) -> None:
    """``quote`` with the largest grid and a roll, ``frontier``, and ``select``'s pricing of the offer."""
    rows = data.draw(extremes.programmes(deal.structure.terms_months))
    terms = data.draw(st.lists(extremes.TERMS, max_size=MAX_GRID))
    cash = data.draw(st.lists(extremes.ANY_CENTS, max_size=MAX_GRID))
    asked = Roll(vary=wanted, payment_cents=data.draw(st.integers(1, MAX_CENTS)))

    def compute() -> None:
        case = Case(deal, one, RateSheet(version="rates-1", programmes=rows), risk)
        try:
            quoted = quote_structure(case)
            if quoted.choice is not None:
                quote_cash(case, quoted.choice)
            quote_grid(case, GridQuestion(terms, cash), quoted.choice)
            quote_grid(case, GridQuestion(terms, cash, best=True), quoted.choice)
            quote_warnings(case, quoted, desk=True)
            quote_roll(case, quoted, asked, desk=False)
            quote_frontier(case)
        except StructureError:
            # What contradicts itself is refused with the field to mend.
            return

    _, work = work_of(compute, MOST_CALLS)
    assert work.bytes < MOST_BYTES


@at_the_limits
@given(
    deal=extremes.deals(),
    stock=st.lists(extremes.numbers(), min_size=1, max_size=8),
    risk=extremes.models(),
    data=st.data(),
)
def test_the_work_of_any_chunk_is_bounded(
    deal: DealInputs, stock: list[dict[str, int]], risk: RiskModel, data: st.DataObject
) -> None:
    """The search's window and screen, and the worker's offers, for any cars under any deal."""
    rows = data.draw(extremes.programmes(deal.structure.terms_months))

    def compute() -> None:
        plan = plan_deal(deal, RateSheet(version="rates-1", programmes=rows))
        if not len(plan.programmes):
            return
        price_window(plan, MAX_CENTS)
        chunk = cars(*stock)
        build_structures(plan, chunk)
        best_offers(price_plan(plan, risk), chunk)

    _, work = work_of(compute, MOST_CALLS)
    assert work.bytes < MOST_BYTES


@at_the_limits
@given(deal=extremes.deals(), one=extremes.numbers(), data=st.data())
def test_a_quote_at_the_limits_is_right_to_the_cent(
    deal: DealInputs, one: dict[str, int], data: st.DataObject
) -> None:
    """Where a car at the limits is offered, its principal is the one that numbers of any size give."""
    rows = data.draw(extremes.programmes(deal.structure.terms_months))
    case = Case(deal, one, RateSheet(version="rates-1", programmes=rows), model())
    try:
        found = quote_structure(case)
    except StructureError:
        return
    if found.choice is None:
        return
    price = reference.selling_price(deal, one)
    owed = reference.principal(deal, price, found.choice.discount_cents, one["rebate_cents"])
    assert found.choice.principal_cents == owed - found.choice.cash_down_cents
    assert found.answer.principal_cents == found.choice.principal_cents


def test_a_car_for_millions_fills_no_memory() -> None:
    """A payment of a hundred million dollars has two million bands: those below the dearest are left out."""
    dear = car(**dict.fromkeys(("price_cents", "invoice_cents", "wholesale_cents"), MAX_CENTS))
    rows = [
        programme(programme_id=f"row-{term}", term_months=term, amount_max_cents=MAX_CENTS)
        for term in (1, 2, 60)
    ]
    deal = inputs(Structure(terms_months=[1, 2, 60], cash_down_max_cents=MAX_CENTS))
    plan = plan_deal(deal, sheet(*rows))
    pricing = price_plan(plan, model())
    chunk = Cars.of({name: [value] * 256 for name, value in dear.items()})
    offers, work = work_of(lambda: best_offers(pricing, chunk), MOST_CALLS)
    assert work.bytes < MOST_BYTES
    assert None not in offers["payment_cents"]


@pytest.mark.parametrize("ask", [price_contract, lambda request: roll(request, Vary.TERM, 50_000)])
@pytest.mark.parametrize("date", [dt.date(9999, 12, 15), dt.date.max, dt.date.min])
def test_a_contract_at_the_end_of_the_calendar_is_refused_by_name(
    ask: Callable[[PriceRequest], object], date: dt.date
) -> None:
    """A month after the last date is not a date: the contract's own date is at fault."""
    request = PriceRequest(
        price_cents=2_000_000, rate_bp=BasisPoints(500), term_months=12, contract_date=date
    )
    with pytest.raises(StructureError, match="contract_date"):
        ask(request)


@at_the_limits
@given(request=values_of(RollRequest))
def test_the_work_of_price_and_roll_is_bounded(request: RollRequest) -> None:
    """Any contract that ``price`` and ``roll`` read is answered or refused."""

    def compute() -> None:
        for ask in (
            lambda: price_contract(request),
            lambda: roll(request, request.vary, request.payment_cents),
        ):
            try:
                ask()
            except StructureError:
                continue

    work_of(compute, MOST_CALLS)


@at_the_limits
@given(asked=values_of(AprRequest) | values_of(ValueRequest) | values_of(LeaseRequest))
def test_the_work_of_the_other_money_commands_is_bounded(
    asked: AprRequest | ValueRequest | LeaseRequest,
) -> None:
    """Any request that ``apr``, ``value`` and ``lease`` read is answered or refused."""

    def compute() -> None:
        try:
            match asked:
                case AprRequest():
                    annual_percentage_rate(asked)
                case ValueRequest():
                    value_contract(asked)
                case LeaseRequest():
                    quote_lease(asked)
        except StructureError:
            return

    work_of(compute, MOST_CALLS)
