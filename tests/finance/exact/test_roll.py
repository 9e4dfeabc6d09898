"""Roll to payment inverts the payment, whatever varies."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from protocol.deal.structure import StructureError
from protocol.money.pricing import PriceRequest, RollAnswer, Vary
from protocol.records import BasisPoints
from server.finance.exact.price import price_contract
from server.finance.exact.roll import largest_within, roll
from tests.finance.exact.contracts import contract, contracts

AMOUNTS = [Vary.PRICE, Vary.CASH_DOWN, Vary.TRADE_ALLOWANCE]
SOME_BASE = 4_000_000


def rolled(asked: PriceRequest, answer: RollAnswer) -> PriceRequest:
    """Return the contract that the answer names."""
    names = ("price_cents", "cash_down_cents", "trade_allowance_cents", "rate_bp", "term_months")
    return msgspec.structs.replace(asked, **{name: getattr(answer, name) for name in names})


@given(asked=contracts(), vary=st.sampled_from(AMOUNTS))
def test_rolling_to_the_payment_it_has_finds_a_contract_with_that_payment(
    asked: PriceRequest, vary: Vary
) -> None:
    """Price as high, cash and allowance as low as that payment permits; one cent more would not do."""
    payment = price_contract(asked).payment_cents
    try:
        answer = roll(asked, vary, payment)
    except StructureError as refused:
        # Less cash or allowance than none does not exist: then the payment without any was already lower.
        assert refused.field == "payment_cents"
        return
    again = rolled(asked, answer)
    assert price_contract(again) == answer.contract
    assert answer.contract.payment_cents == payment
    field = f"{vary}_cents"
    found, before = getattr(again, field), getattr(asked, field)
    assert found >= before if vary is Vary.PRICE else found <= before
    beyond = found + 1 if vary is Vary.PRICE else found - 1
    if beyond >= 0:
        assert price_contract(msgspec.structs.replace(again, **{field: beyond})).payment_cents >= payment


@given(asked=contracts(), vary=st.sampled_from(AMOUNTS), wish=st.integers(10_000, 150_000))
@example(asked=contract(trade_credit=True, tax_rate_bp=700), vary=Vary.TRADE_ALLOWANCE, wish=30_000)
@example(asked=contract(trade_credit=True, tax_rate_bp=700, trade_credit_cap_cents=100_000),
         vary=Vary.TRADE_ALLOWANCE, wish=20_000)  # fmt: skip
def test_an_amount_for_a_wished_payment_is_the_best_one(asked: PriceRequest, vary: Vary, wish: int) -> None:
    """Within the wish, and a cent beyond is above it: also across the caps of tax and trade credit."""
    field = f"{vary}_cents"
    try:
        answer = roll(asked, vary, wish)
    except StructureError as refused:
        assert refused.field in {"payment_cents", "prepaid_finance_cents"}
        return
    again = rolled(asked, answer)
    assert price_contract(again).payment_cents <= wish
    found = getattr(again, field)
    beyond = msgspec.structs.replace(again, **{field: found + 1 if vary is Vary.PRICE else max(found - 1, 0)})
    assert found == 0 or price_contract(beyond).payment_cents > wish or answer.contract.payment_cents == wish
    if found and vary is not Vary.PRICE:
        assert price_contract(beyond).payment_cents > wish


@given(asked=contracts())
def test_rolling_the_rate_finds_the_highest_within_the_payment(asked: PriceRequest) -> None:
    """At least the rate that it had, the same payment, and 0.01 bp more would cost more."""
    payment = price_contract(asked).payment_cents
    answer = roll(asked, Vary.RATE, payment)
    assert answer.contract.payment_cents == payment
    assert answer.rate_bp >= asked.rate_bp
    more = msgspec.structs.replace(asked, rate_bp=BasisPoints(answer.rate_bp + BasisPoints("0.01")))
    assert price_contract(more).payment_cents > payment


@given(asked=contracts(), wish=st.integers(20_000, 200_000))
def test_rolling_the_term_takes_as_few_payments_as_possible(asked: PriceRequest, wish: int) -> None:
    """Every payment is the wished one but the last; a month less would cost more each month."""
    try:
        answer = roll(asked, Vary.TERM, wish)
    except StructureError:
        assume(False)
    paid = [row.payment_cents for row in answer.contract.schedule]
    assert len(paid) == answer.term_months
    assert paid[:-1] == [wish] * (len(paid) - 1)
    longer, shorter = (
        msgspec.structs.replace(asked, term_months=term) for term in (len(paid), len(paid) - 1)
    )
    assert price_contract(longer).payment_cents <= wish
    assert price_contract(shorter).payment_cents > wish
    if price_contract(longer).payment_cents < wish - 1:
        assert paid[-1] < wish
    assert answer.contract.schedule[-1].balance_cents == 0


def test_what_was_rolled_at_published_figures() -> None:
    """10,000 at 10 % over 36 months costs 322.67: each roll comes back to it."""
    asked = contract(price_cents=1_000_000, rate_bp=1_000, term_months=36)
    assert roll(asked, Vary.TERM, 322_67).contract == price_contract(asked)
    shorter = roll(asked, Vary.TERM, 330_00)
    assert (shorter.term_months, shorter.contract.last_payment_cents) == (36, 23_83)
    assert roll(asked, Vary.PRICE, 322_67).price_cents == 1_000_009
    assert roll(asked, Vary.RATE, 322_67).rate_bp == BasisPoints("1000.06")


@pytest.mark.parametrize(
    ("vary", "payment", "field"),
    [
        (Vary.CASH_DOWN, 500_00, "payment_cents"),
        (Vary.TRADE_ALLOWANCE, 500_00, "payment_cents"),
        (Vary.RATE, 300_00, "payment_cents"),
        (Vary.RATE, 100_000_00, "payment_cents"),
        (Vary.TERM, 90_00, "payment_cents"),
    ],
)
def test_a_payment_that_nothing_gives_is_refused(vary: Vary, payment: int, field: str) -> None:
    """20,000 at 6 % over 60 months is 386.66: no cash makes it 500, no rate 300, no term 90."""
    with pytest.raises(StructureError) as refused:
        roll(contract(), vary, payment)
    assert refused.value.field == field


@pytest.mark.parametrize("vary", [Vary.RATE, Vary.TERM])
def test_nothing_to_finance_cannot_be_rolled(vary: Vary) -> None:
    """Neither rate nor term gives a cash deal a payment."""
    with pytest.raises(StructureError) as refused:
        roll(contract(cash_down_cents=2_000_000), vary, 100_00)
    assert refused.value.field == "principal_cents"


def test_a_tax_by_rules_is_rolled_too() -> None:
    """A tax that the closed form does not know moves the answer to the cent all the same."""

    def by_rules(asked: PriceRequest) -> int:
        return min(asked.price_cents, SOME_BASE) * 3 // 100 + asked.price_cents // 50

    answer = roll(contract(), Vary.PRICE, 900_00, by_rules)
    again = rolled(contract(), answer)
    assert price_contract(again, by_rules).payment_cents == 900_00
    dearer: dict[str, Any] = {"price_cents": again.price_cents + 1}
    assert price_contract(msgspec.structs.replace(again, **dearer), by_rules).payment_cents == 900_01


@given(
    slope=st.integers(0, 5),
    limit=st.integers(-50, 600),
    guess=st.integers(-300, 300),
    low=st.integers(-100, 100),
    span=st.integers(0, 100),
)
def test_the_largest_within_a_limit_is_found_from_any_guess(
    slope: int, limit: int, guess: int, low: int, span: int
) -> None:
    """As trying every number finds it."""

    def value(x: int) -> int:
        return slope * (x // 3)

    within = [x for x in range(low, low + span + 1) if value(x) <= limit]
    assert largest_within(value, limit, guess, low, low + span) == (within[-1] if within else None)
