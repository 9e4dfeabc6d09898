"""The engine from end to end against others' libraries and plain formulas: offer, contract, APR, value."""

import datetime as dt
import random
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy_financial
import pytest
import pyxirr
import QuantLib

from protocol.deal.structure import Structure
from protocol.money.lending import Disposition, RiskCurve
from protocol.money.pricing import AprFlow, AprRequest, PriceAnswer, PriceRequest, ValueRequest
from protocol.records import BasisPoints, DayCount
from server.finance.architect import Choice, choices, price_plan
from server.finance.exact.apr import annual_percentage_rate
from server.finance.exact.price import price_contract
from server.finance.plan import plan_deal
from server.finance.value.parts import monthly_cash
from server.finance.value.single import value_contract
from tests.finance import cases, plain

CONTRACTS = 2_000
FIRST_OF_JANUARY = dt.date(2026, 1, 1)


def random_contracts(count: int, seed: int) -> Iterator[PriceRequest]:
    """Yield contracts without taxes or fees whose first payment is up to four months away."""
    chance = random.Random(seed)
    for _ in range(count):
        contract = FIRST_OF_JANUARY + dt.timedelta(days=chance.randrange(1_500))
        yield PriceRequest(
            price_cents=chance.randrange(1_000_00, 100_000_00),
            rate_bp=BasisPoints(round(chance.uniform(0, 2_999), 2)),
            term_months=chance.randint(1, 120),
            contract_date=contract,
            first_payment_date=contract + dt.timedelta(days=chance.randint(1, 120)),
            day_count=chance.choice(list(DayCount)),
        )


def random_choices(count: int, seed: int) -> Iterator[tuple[Structure, int, Choice]]:
    """Yield the architect's structures for cars of random prices, rates and terms, with the car's price."""
    chance = random.Random(seed)
    for _ in range(count):
        price, term = chance.randrange(8_000_00, 30_000_00), chance.randint(12, 84)
        row = cases.programme(term_months=term, buy_rate_bp=float(chance.randint(0, 2_000)))
        most = chance.randrange(0, 3_000_00)
        inputs = cases.inputs(Structure(terms_months=[term], cash_down_max_cents=most))
        pricing = price_plan(plan_deal(inputs, cases.sheet(row)), cases.model())
        car = cases.cars(cases.car(price_cents=price, wholesale_cents=price))
        for choice in choices(pricing, car):
            yield inputs.structure, price, choice


def contract_of(structure: Structure, price: int, choice: Choice) -> PriceAnswer:
    """Price what was chosen by the exact engine."""
    return price_contract(
        PriceRequest(
            price_cents=price,
            discount_cents=choice.discount_cents,
            cash_down_cents=choice.cash_down_cents,
            rate_bp=BasisPoints(choice.rate_bp),
            term_months=choice.term_months,
            contract_date=structure.contract_date,
            first_payment_date=structure.first_payment_date,
        )
    )


def dollars_of(curve: RiskCurve, choice: Choice) -> ValueRequest:
    """Ask for the value of what was chosen, the curve's timing laid over its term."""
    term = choice.term_months
    months = [0.0, *(share * term for share, _ in curve.loss_timing)]
    losses = [0.0, *(loss for _, loss in curve.loss_timing)]
    timing = np.interp(np.arange(1, term + 1), months, losses)
    return ValueRequest(
        amount_financed=choice.principal_cents / 100,
        rate=choice.rate_bp / 10_000,
        term_months=term,
        funding_rate=curve.funding_rate,
        cnl=curve.cnl,
        loss_timing=tuple((float(month), float(loss)) for month, loss in enumerate(timing, 1)),
        recovery=curve.recovery,
        recovery_lag_months=curve.recovery_lag_months,
    )


def test_an_offer_is_a_contract_is_an_annuity() -> None:
    """Thousands of structures cost what the exact engine prints and what numpy-financial says."""
    seen = 0
    for structure, price, choice in random_choices(720, seed=1):
        contract = contract_of(structure, price, choice)
        assert (contract.principal_cents, contract.payment_cents) == (
            choice.principal_cents,
            choice.payment_cents,
        )
        level = numpy_financial.pmt(choice.rate_bp / 120_000, choice.term_months, -choice.principal_cents)
        assert abs(choice.payment_cents - level) <= 0.5 + 1e-6
        seen += 1
    assert seen > 2_000


def test_an_offer_is_worth_what_the_command_says() -> None:
    """A held contract's NPV is the command's value and the front gross, to the cent of either rounding."""
    for _, _, choice in random_choices(150, seed=2):
        answer = value_contract(dollars_of(cases.curve(), choice))
        assert abs(round(answer.npv * 100) + choice.front_gross_cents - choice.npv_cents) <= 1


def test_a_sold_offer_is_worth_its_reserve() -> None:
    """A sold contract is worth the lender's share of the further finance charge, by numpy-financial."""
    for share in (0.0, 5_000.0, 8_000.0):
        row = cases.programme(disposition=Disposition.SOLD, reserve_share_bp=share, lender_fee_cents=150_00)
        inputs = cases.inputs(Structure(terms_months=[60]))
        car = cases.cars(cases.car())
        for choice in choices(price_plan(plan_deal(inputs, cases.sheet(row)), cases.model()), car):
            sell, buy = (
                60 * numpy_financial.pmt(rate / 120_000, 60, -choice.principal_cents)
                for rate in (choice.rate_bp, row.buy_rate_bp)
            )
            expected = (sell - buy) * share / 10_000 - 150_00 + choice.front_gross_cents
            assert choice.npv_cents == pytest.approx(expected, abs=0.51)


def test_expected_cash_is_worth_the_value() -> None:
    """The monthly cash of a held contract, discounted by pyxirr and by QuantLib, is its NPV."""
    curve = cases.curve(abs_speed=0.014, servicing_month_cents=4_00)
    model = cases.model(abs_speed=0.014, servicing_month_cents=4_00)
    plan = plan_deal(cases.inputs(Structure(terms_months=[72])), cases.sheet(cases.programme(term_months=72)))
    best = choices(price_plan(plan, model), cases.cars(cases.car()))[0]
    cash = monthly_cash(
        plan, model, 0, principal_cents=best.principal_cents, ltv_bp=best.ltv_bp, pti_bp=best.pti_bp
    )
    net = [
        collected + recovered - cost
        for collected, recovered, cost in zip(cash.collected, cash.recovered, cash.servicing, strict=True)
    ]
    expected = best.npv_cents - best.front_gross_cents
    by_pyxirr = pyxirr.npv(curve.funding_rate / 12, [-best.principal_cents, *net])
    assert by_pyxirr == pytest.approx(expected, abs=1.5 * len(net))
    today = QuantLib.Date(1, 1, 2026)
    QuantLib.Settings.instance().evaluationDate = today
    leg = QuantLib.Leg(
        [
            QuantLib.SimpleCashFlow(float(amount), today + QuantLib.Period(month, QuantLib.Months))
            for month, amount in enumerate(net, 1)
        ]
    )
    monthly = QuantLib.InterestRate(
        curve.funding_rate, QuantLib.Thirty360(QuantLib.Thirty360.USA), QuantLib.Compounded, QuantLib.Monthly
    )
    worth = QuantLib.CashFlows.npv(leg, monthly, True, today, today) - best.principal_cents
    assert worth == pytest.approx(by_pyxirr, abs=0.01)


def test_contracts_by_fractions() -> None:
    """Random contracts of both day counts and any first period cost what exact fractions say, to the cent."""
    for request in random_contracts(150, seed=3):
        answer = price_contract(request)
        rate = Fraction(request.rate_bp) / 10_000
        dates = [request.contract_date, *(row.date for row in answer.schedule)]
        assert all(isinstance(each, dt.date) for each in dates)
        principal = Fraction(request.price_cents, 100)
        if request.day_count is DayCount.ACTUAL_365:
            level = plain.daily(principal, rate, [each for each in dates if each])
        else:
            days = QuantLib.Thirty360(QuantLib.Thirty360.USA).dayCount(
                *(QuantLib.Date(each.day, each.month, each.year) for each in dates[:2] if each)
            )
            level = plain.annuity(principal, rate, request.term_months, days)
        if request.term_months > 1:
            assert answer.payment_cents == plain.cents(level)


def test_schedules_are_worth_their_principal() -> None:
    """By real days, QuantLib's simple interest between due dates makes a schedule worth its note."""
    for request in random_contracts(CONTRACTS // 4, seed=4):
        if request.day_count is not DayCount.ACTUAL_365:
            continue
        answer = price_contract(request)
        day_count = QuantLib.Actual365Fixed()
        period = QuantLib.InterestRate(
            float(request.rate_bp) / 10_000, day_count, QuantLib.Simple, QuantLib.Annual
        )
        dates = [request.contract_date, *(row.date for row in answer.schedule)]
        days = [QuantLib.Date(each.day, each.month, each.year) for each in dates if each]
        worth, discount = 0.0, 1.0
        for row, before, due in zip(answer.schedule, days, days[1:], strict=False):
            discount *= period.discountFactor(before, due)
            worth += row.payment_cents * discount
        assert worth == pytest.approx(answer.principal_cents, abs=0.5 * len(answer.schedule) + 0.5)


def test_rates_of_random_payments() -> None:
    """Thousands of irregular loans have the APR that pyxirr finds on the same regular periods."""
    chance = np.random.default_rng(5)
    for _ in range(CONTRACTS):
        count = int(chance.integers(2, 85))
        paid = chance.integers(100_00, 900_00, size=count)
        advanced = float(paid.sum() * chance.uniform(0.6, 0.99))
        request = AprRequest(
            advances=advanced,
            payments=[AprFlow(amount=float(each), unit_periods=k) for k, each in enumerate(paid, 1)],
            unit_periods_per_year=12,
        )
        expected = pyxirr.irr([-advanced, *paid.astype(float)])
        assert expected is not None
        answer = annual_percentage_rate(request).apr_percent
        assert answer == pytest.approx(expected * 1_200, abs=0.00006)


def test_rates_with_fractions_of_a_period() -> None:
    """With odd first periods, bisection of the general equation gives the same rate."""
    chance = random.Random(6)
    for _ in range(60):
        count, fraction = chance.randint(2, 72), Fraction(chance.randint(0, 29), 30)
        paid = [(float(chance.randint(150, 700)), k, fraction) for k in range(1, count + 1)]
        advanced = round(sum(each[0] for each in paid) * chance.uniform(0.7, 0.99), 2)
        flows = [AprFlow(amount=a, unit_periods=k, fraction=float(f)) for a, k, f in paid]
        answer = annual_percentage_rate(
            AprRequest(advances=advanced, payments=flows, unit_periods_per_year=12)
        )
        assert answer.apr_percent == pytest.approx(plain.apr_percent(advanced, paid, 12), abs=0.00006)


def test_values_month_by_month() -> None:
    """Thousands of random contracts are worth what adding up their expected months says."""
    chance = random.Random(7)
    for _ in range(CONTRACTS):
        term = chance.randint(1, 120)
        knots = sorted(chance.sample(range(1, term), min(term - 1, chance.randint(0, 3))))
        shares = sorted(chance.random() for _ in knots)
        timing = (*zip(knots, shares, strict=True), (term, 1.0))
        recovery = chance.uniform(0, 0.9)
        terms = {
            "cnl": chance.uniform(0, 1 - recovery),
            "recovery": recovery,
            "speed": chance.choice((0.0, chance.uniform(0, 0.05))),
            "servicing": chance.uniform(0, 15),
        }
        rate, funding = chance.choice((0.0, chance.uniform(0, 0.3))), chance.uniform(0, 0.15)
        amount, lag = chance.randint(1_000, 90_000), chance.randint(0, 24)
        answer = value_contract(
            ValueRequest(
                amount_financed=amount,
                rate=rate,
                term_months=term,
                funding_rate=funding,
                cnl=terms["cnl"],
                loss_timing=tuple((float(month), share) for month, share in timing),
                recovery=recovery,
                recovery_lag_months=lag,
                abs_speed=terms["speed"],
                servicing_per_month=terms["servicing"],
            )
        )
        expected = plain.npv(amount, rate, term, funding=funding, timing=timing, lag=lag, **terms)
        assert answer.npv == pytest.approx(expected, abs=0.0051)
