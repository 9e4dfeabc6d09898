"""A roll gives the payment that was asked for, by an input that may be changed, and within its limits."""

import datetime as dt

import msgspec
import pytest

from protocol import codec
from protocol.commands import Roll
from protocol.deal.structure import Structure, StructureChanges, revised, with_trades
from protocol.deal.trades import Trade
from protocol.money.inputs import AuthorityCovers
from protocol.money.pricing import Vary
from protocol.money.quotes import WarningCode
from server.finance.exact.price import price_contract
from server.finance.quoting import (
    Case,
    quote_roll,
    quote_structure,
)
from tests.finance.cases import TODAY
from tests.finance.quoting.asked import ROWS, RULES, WISH, case, only, under, warned


def test_found_cash_of_a_roll_is_in_the_stores_steps() -> None:
    """Rounded up, so that the payment is at most the asked one."""
    subject = case(tax_rules=RULES, cash_step_cents=5_000)
    quoted = quote_structure(subject)
    asked = Roll(vary=Vary.CASH_DOWN, payment_cents=quoted.answer.payment_cents - 1_500)
    rolled = quote_roll(subject, quoted, asked, desk=True)
    assert rolled.changes["cash_down_cents"] % 5_000 == 0
    assert asked.payment_cents - 105 < rolled.payment_cents <= asked.payment_cents
    again = quote_structure(under(only(subject, quoted.answer.programme_id), **rolled.changes)).answer
    assert again.payment_cents == rolled.payment_cents


@pytest.mark.parametrize("vary", [Vary.PRICE, Vary.CASH_DOWN, Vary.TRADE_ALLOWANCE, Vary.RATE])
def test_a_roll_gives_the_payment(vary: Vary) -> None:
    """Quoted with the roll's changes and the same programme, the deal costs the asked payment."""
    subject = case(tax_rules=RULES)
    quoted = quote_structure(subject)
    asked = quoted.answer.payment_cents - 1_500
    rolled = quote_roll(subject, quoted, Roll(vary=vary, payment_cents=asked), desk=True)
    assert (rolled.reached, rolled.payment_cents) == (True, asked)
    lenient = [msgspec.structs.replace(row, buy_rate_bp=0.0, markup_max_bp=9_999.0) for row in ROWS]
    again = case(rows=lenient if vary is Vary.RATE else ROWS, tax_rules=RULES)
    one = only(again, quoted.answer.programme_id)
    assert quote_structure(under(one, **rolled.changes)).answer.payment_cents == asked


def test_a_rolled_term_is_one_that_the_programme_has() -> None:
    """The shortest one whose payment is at most the target, at its own rate; quoted, it costs that."""
    longer = msgspec.structs.replace(ROWS[0], term_months=84, buy_rate_bp=ROWS[0].buy_rate_bp + 150)
    rows = [row for row in ROWS if row.programme_id == ROWS[0].programme_id] + [longer]
    subject = case(rows=rows, structure=Structure(terms_months=[60, 72], cash_down_cents=100_000))
    quoted = quote_structure(subject)
    terms = sorted({row.term_months for row in rows})
    assert len(terms) > 1
    held = {name: getattr(quoted.request, name) for name in ("discount_cents", "cash_down_cents")}
    held["cash_down_max_cents"] = held["cash_down_cents"]
    costs = {}
    for months in terms:
        one = under(subject, term_months=months, **held)
        costs[months] = quote_structure(only(one, rows[0].programme_id)).answer.payment_cents
    assert sorted(costs.values(), reverse=True) == [costs[months] for months in terms]
    for cents in sorted({cost + more for cost in costs.values() for more in (-1, 0, 1)}):
        rolled = quote_roll(subject, quoted, Roll(vary=Vary.TERM, payment_cents=cents), desk=True)
        enough = [months for months in terms if costs[months] <= cents]
        assert rolled.reached == bool(enough)
        if enough:
            assert rolled.changes == {"term_months": enough[0], **held}
            assert rolled.payment_cents == costs[enough[0]]
        else:
            assert f"{terms[-1]} months" in rolled.message


@pytest.mark.parametrize("vary", [Vary.PRICE, Vary.RATE])
def test_no_roll_raises_price_or_rate(vary: Vary) -> None:
    """A higher payment is reached by no price above the advertised one, and no rate above the store's."""
    subject = case()
    quoted = quote_structure(subject)
    asked = quoted.answer.payment_cents + 2_000
    rolled = quote_roll(subject, quoted, Roll(vary=vary, payment_cents=asked), desk=True)
    assert (rolled.reached, rolled.changes) == (False, {})
    assert rolled.message


def test_a_seller_rolls_the_price_by_discount() -> None:
    """Without the desk's right the price stays: a discount gives the same payment, within what price cut and
    rebates leave of the authority; beyond it the answer says what it would take.
    """
    wish = msgspec.structs.replace(WISH, rebate_cents=20_000, price_cents=2_490_000)
    limits = {"discount_max_cents": 90_000, "authority_covers": AuthorityCovers.CONCESSION}
    subject = case(wish, tax_rules=RULES, **limits)
    quoted = quote_structure(subject)
    lower = Roll(vary=Vary.PRICE, payment_cents=quoted.answer.payment_cents - 700)
    priced = quote_roll(subject, quoted, lower, desk=True)
    given = quote_roll(subject, quoted, lower, desk=False)
    assert (given.reached, given.payment_cents) == (True, priced.payment_cents)
    assert "price_cents" not in given.changes
    cut = quoted.answer.price_cents - priced.changes["price_cents"]
    assert given.changes["discount_cents"] == quoted.answer.discount_cents + cut > 0
    one = only(subject, quoted.answer.programme_id)
    assert quote_structure(under(one, **given.changes)).answer.payment_cents == lower.payment_cents
    # 900 less 200 of rebate less 100 of price cut.
    far = Roll(vary=Vary.PRICE, payment_cents=quoted.answer.payment_cents - 2_500)
    assert quote_roll(subject, quoted, far, desk=True).reached
    refused = quote_roll(subject, quoted, far, desk=False)
    assert (refused.reached, refused.changes) == (False, {})
    assert refused.message is not None
    assert "The seller may give at most $600.00" in refused.message
    higher = Roll(vary=Vary.PRICE, payment_cents=quoted.answer.payment_cents + 100)
    assert quote_roll(subject, quoted, higher, desk=True).reached
    assert not quote_roll(subject, quoted, higher, desk=False).reached


HONDA = Trade(
    id="a",
    year=2019,
    make="Honda",
    model="CR-V",
    allowance_cents=450_000,
    payoff_cents=300_000,
    payoff_per_diem_cents=500,
    payoff_quoted_on=TODAY - dt.timedelta(days=6),
    payoff_good_through=TODAY - dt.timedelta(days=1),
)


FORD = Trade(id="b", allowance_cents=200_000, payoff_cents=350_000, acv_cents=180_000)


def test_each_trade_is_paid_off_on_the_contract_date() -> None:
    """Quote and per diem for each day since it, a warning for each quote that ran out, and each equity: what
    is negative adds to the principal.
    """
    plain = msgspec.structs.replace(WISH, trade_credit=False)
    subject = case(with_trades(plain, [HONDA, FORD]), discount_max_cents=100_000)
    answer = quote_structure(subject).answer
    assert answer.payoff_cents == 300_000 + 6 * 500 + 350_000
    assert [
        (trade.id, trade.allowance_cents, trade.payoff_cents, trade.equity_cents) for trade in answer.trades
    ] == [("a", 450_000, 303_000, 147_000), ("b", 200_000, 350_000, -150_000)]
    told = warned(subject)[WarningCode.PAYOFF_PAST_GOOD_THROUGH]
    assert "2019 Honda CR-V" in told and "$30.00" in told
    one, two = (case(with_trades(plain, trades)) for trades in ([HONDA], [HONDA, FORD]))
    assert note_cents(two) - note_cents(one) == 150_000


def note_cents(subject: Case) -> int:
    """Return the principal of a case at the same rate, term, cash and discount."""
    request = subject.request(term_months=60, rate_bp=700, cash_cents=0, discount_cents=0)
    return price_contract(request, subject.tax_cents).principal_cents


def test_a_roll_by_the_allowance_of_two_trades_says_which() -> None:
    """The last trade takes the difference; quoted again, it is the payment."""
    two = msgspec.structs.replace(with_trades(WISH, [HONDA, FORD]), term_months=60, terms_months=[60])
    asked = quote_structure(case(two)).answer.payment_cents
    for less in (2_000, -900):
        target = Roll(vary=Vary.TRADE_ALLOWANCE, payment_cents=asked - less)
        rolled = quote_roll(case(two), quote_structure(case(two)), target, desk=True)
        changes = codec.convert(StructureChanges, rolled.changes)
        assert rolled.payment_cents is not None and rolled.payment_cents <= asked - less
        again = quote_structure(case(revised(two, changes))).answer
        assert again.payment_cents == rolled.payment_cents
        assert [trade.acv_cents for trade in revised(two, changes).trades] == [None, 180_000]
