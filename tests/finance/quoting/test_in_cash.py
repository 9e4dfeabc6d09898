"""A quoted car as a cash deal, against a plain reckoning of its parts."""

import random

import msgspec
from msgspec import UNSET

from protocol.jobs import UNKNOWN_COST
from protocol.records import BasisPoints
from server.finance.architect import choices
from server.finance.quoting import GridQuestion, in_cash, quote_structure, quote_whole
from tests.finance.cases import car
from tests.finance.quoting.asked import RULES, WISH, case, under


def test_parts_and_value_of_a_cash_deal_add_up() -> None:
    """On 300 random deals the price out the door is the plain sum of its parts, its tax that of a contract of
    the same sale, and its value front gross and product gross, as a financed offer counts them.
    """
    draw = random.Random(9)
    compared = covered = 0
    for _ in range(300):
        wish = msgspec.structs.replace(
            WISH,
            discount_cents=draw.choice([0, draw.randrange(0, 60_000)]),
            trade_allowance_cents=draw.randrange(0, 900_000),
            cash_down_max_cents=draw.choice([100_000, 4_500_000]),
            products_cost_cents=draw.choice([None, 90_000]),
            tax_rate_bp=draw.choice([None, BasisPoints(draw.randrange(0, 1_100))]),
        )
        price = draw.randrange(900_000, 4_000_000)
        subject = case(wish, numbers=car(price_cents=price), discount_max_cents=75_000, tax_rules=RULES)
        found = in_cash(subject)
        assert found is not None
        cash, s = found.quoted, subject.inputs.structure
        plain = price - cash.discount_cents + s.fees_cents + cash.tax_cents + s.products_cents
        plain += s.payoff_cents - s.trade_allowance_cents - s.rebate_cents - subject.numbers["rebate_cents"]
        assert cash.out_the_door_cents == plain
        assert cash.covered is (plain <= wish.cash_down_max_cents)
        covered += bool(cash.covered)
        # A discount beyond the structure's own one is the least that the customer's cash needs.
        assert s.discount_cents <= cash.discount_cents <= max(s.discount_cents, 75_000)
        if cash.discount_cents > s.discount_cents:
            assert cash.covered and plain > wish.cash_down_max_cents - 2
        assert cash.value is not UNSET and isinstance(cash.value.parts, dict)
        assert cash.value.npv_cents == sum(cash.value.parts.values())
        found = choices(subject.pricing, subject.car) if subject.pricing else []
        for choice in found[:1]:
            if choice.discount_cents != cash.discount_cents:
                continue
            quoted = quote_structure(subject).answer
            assert quoted.tax_cents == cash.tax_cents
            assert quoted.value is not UNSET and isinstance(quoted.value.parts, dict)
            for name in ("front_gross", "product_gross"):
                assert cash.value.parts[name] == quoted.value.parts[name]
            compared += 1
    assert compared > 50
    assert 20 < covered < 280


def test_cash_that_covers_the_price_makes_a_cash_buyer() -> None:
    """A customer who wants to pay the whole price has no contract, and a cash deal that is covered."""
    subject = under(case(), cash_down_cents=5_000_000, cash_down_max_cents=5_000_000)
    whole = quote_whole(subject, GridQuestion(), None, desk=True)
    assert whole.quoted.choice is None
    assert whole.quoted.answer.binding == "amount_min"
    assert whole.cash is not None
    assert whole.cash.covered


def test_a_lenders_discount_is_not_the_cash_deals() -> None:
    """Whoever keeps an offer's discount still sees the cash deal with the structure's own one."""
    base = case(discount_max_cents=75_000)
    plain = in_cash(base)
    whole = quote_whole(base, GridQuestion(), None, desk=True, kept=under(base, discount_cents=40_000))
    assert whole.case.inputs.structure.discount_cents == 40_000
    assert plain is not None and whole.cash == plain.quoted


def test_an_unknown_cost_has_no_value() -> None:
    """The price out the door does not depend on the cost, so it is there without it."""
    known, unknown = case(), case(numbers=car(cost_cents=UNKNOWN_COST))
    first, second = in_cash(known), in_cash(unknown)
    assert first is not None and second is not None
    assert second.quoted == msgspec.structs.replace(first.quoted, value=UNSET)


def test_a_discount_above_the_price_is_no_cash_deal() -> None:
    """The quote itself names what is wrong; there is no price out the door."""
    assert in_cash(under(case(), discount_cents=9_000_000)) is None
