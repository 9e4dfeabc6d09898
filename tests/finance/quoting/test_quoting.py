"""A car's quote against the offer, the exact engine and itself: grid, frontier, roll, warnings."""

import datetime as dt
import pickle
import random
from dataclasses import replace
from itertools import product
from typing import Any

import msgspec
import pytest
import pyxirr
from hypothesis import given, settings

from protocol import codec
from protocol.commands import Roll
from protocol.deal.structure import Structure, StructureChanges, StructureError, revised, with_trades
from protocol.deal.trades import Trade
from protocol.events import FixKind
from protocol.money.inputs import AuthorityCovers, DealInputs
from protocol.money.lending import Disposition, Programme, RiskModel, Rounding, TaxBase, TaxRule
from protocol.money.pricing import Vary
from protocol.money.quotes import WarningCode
from protocol.records import BasisPoints
from server.finance.architect import best_offers, choices, price_plan
from server.finance.exact.price import price_contract
from server.finance.plan import plan_deal
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
from server.finance.versions import engine_number
from tests.finance.cases import TODAY, car, cars, curve, inputs, model, programme, sheet
from tests.finance.strategies import deals, numbers, programmes

TERMS = [48, 60, 72]
ROWS = [
    programme(programme_id=name, lender=name, term_months=term, disposition=disposition, **more)
    for term in TERMS
    for name, disposition, more in (
        ("harbor", Disposition.HELD, {"buy_rate_bp": 640.0 + term, "acquisition_cents": 20_000}),
        ("summit", Disposition.SOLD, {"buy_rate_bp": 610.0 + term, "lender_fee_cents": 9_900}),
    )
]
WISH = Structure(
    terms_months=TERMS,
    fees_cents=79_900,
    doc_fee_cents=29_900,
    products_cents=180_000,
    cash_down_cents=100_000,
    cash_down_max_cents=600_000,
    trade_allowance_cents=450_000,
    trade_acv_cents=420_000,
    payoff_cents=300_000,
    trade_credit=True,
    tax_rate_bp=BasisPoints(725),
    rebate_cents=50_000,
)
RULES = (
    TaxRule(jurisdiction="state", state="OH", rate_bp=575.0),
    TaxRule(
        jurisdiction="county",
        state="OH",
        rate_bp=112.5,
        base=TaxBase.FULL_PRICE,
        base_cap_cents=1_000_000,
        rounding=Rounding.UP,
    ),
)


def case(structure: Structure = WISH, rows: list[Programme] | None = None, **more: Any) -> Case:
    """Return a case of a used car, with changes to the deal's inputs."""
    numbers = more.pop("numbers", car())
    return Case(inputs(structure, **more), numbers, sheet(*(ROWS if rows is None else rows)), model())


def under(base: Case, **changes: Any) -> Case:
    """Return the case with changes as a client sends them."""
    return base.under(**dict(codec.convert(StructureChanges, changes).items()))


def test_a_quote_is_the_offer_printed() -> None:
    """On 400 random deals, term, rate, cash, discount, payment, NPV and binding are those of the search's
    offer, and the exact contract's amounts agree with each other.
    """
    draw = random.Random(5)
    quoted = 0
    for _ in range(400):
        wish = msgspec.structs.replace(
            WISH,
            cash_down_cents=draw.randrange(0, 400_000),
            trade_allowance_cents=draw.randrange(0, 900_000),
            payment_max_cents=draw.choice([None, draw.randrange(25_000, 70_000)]),
            tax_rate_bp=draw.choice([None, BasisPoints(draw.randrange(0, 1_100))]),
        )
        subject = case(
            wish,
            numbers=car(price_cents=draw.randrange(900_000, 4_000_000)),
            monthly_income_cents=draw.choice([None, draw.randrange(250_000, 900_000)]),
            discount_max_cents=draw.choice([0, 75_000]),
            tax_rules=RULES,
        )
        answer = quote_structure(subject).answer
        pricing = price_plan(plan_deal(subject.inputs, subject.sheet), subject.model)
        offer = {name: column[0] for name, column in best_offers(pricing, cars(subject.numbers)).items()}
        assert answer.eligible == (offer["payment_cents"] is not None)
        assert answer.binding == offer["binding"]
        if not answer.eligible:
            assert codec.plain(answer)["fix"] == offer["fix"]
            continue
        quoted += 1
        told = codec.plain(answer)
        same = ("payment_cents", "term_months", "rate_bp", "cash_down_cents", "discount_cents", "lender")
        assert {name: told[name] for name in same} == {name: offer[name] for name in same}
        assert told["value"]["npv_cents"] == offer["npv_cents"] == sum(told["value"]["parts"].values())
        assert told["value"]["stress_npv_cents"] == offer["stress_npv_cents"]
        assert told["tax_cents"] == sum(line["tax_cents"] for line in told["taxes"])
        assert told["total_of_payments_cents"] == sum(row["payment_cents"] for row in told["schedule"])
        assert told["schedule"][-1]["balance_cents"] == 0
        assert told["principal_cents"] == (
            told["price_cents"] - told["discount_cents"] + wish.fees_cents + wish.products_cents
            + told["tax_cents"] - told["rebate_cents"] - told["cash_down_cents"]
            - wish.trade_allowance_cents + told["payoff_cents"]
        )  # fmt: skip
    assert quoted > 200


@settings(max_examples=60)
@given(deals(), programmes(), numbers())
def test_any_deal_can_be_quoted(deal: DealInputs, rows: tuple[Programme, ...], one: dict[str, int]) -> None:
    """Whatever the deal, an answer comes back: priced and valued, or with the limit that refuses it."""
    subject = Case(deal, one, sheet(*rows), model())
    answer = quote_structure(subject).answer
    if answer.eligible:
        assert answer.schedule[-1].balance_cents == 0
        assert sum(answer.value.parts.values()) == answer.value.npv_cents
    else:
        assert answer.binding
        assert answer.value is msgspec.UNSET


def test_an_answer_travels_between_processes() -> None:
    """What was computed on the way to it stays behind, and can be computed again."""
    quoted = quote_structure(case())
    subject = case()
    assert subject.pricing is not None
    copied = pickle.loads(pickle.dumps(subject))  # noqa: S301 - our own
    assert copied == subject
    assert "pricing" not in vars(copied)
    again = pickle.loads(pickle.dumps(quoted))  # noqa: S301 - our own
    assert codec.plain(again.answer) == codec.plain(quoted.answer)


def test_tax_is_told_by_jurisdiction() -> None:
    """Without a stated rate each rule of the address is a line, with its own base, cap and rounding."""
    wish = msgspec.structs.replace(WISH, tax_rate_bp=None, trade_credit=False)
    answer = quote_structure(case(wish, tax_rules=RULES)).answer
    assert [codec.plain(line) for line in answer.taxes] == [
        {"jurisdiction": "state", "tax_cents": 117_875},  # 5.75 % of 25,000 - 4,500 (net of trade)
        {"jurisdiction": "county", "tax_cents": 11_250},  # 1.125 % of at most 10,000
    ]
    with pytest.raises(StructureError, match="tax_rate_bp"):
        quote_structure(case(wish))


def test_the_best_grid_is_a_quote_in_each_cell() -> None:
    """With the best programme and discount of each cell, a cell is what a quote with that term and exactly
    that cash answers, also where it is refused; what only the customer's highest payment refuses is shown
    without it.
    """
    subject = case(msgspec.structs.replace(WISH, payment_max_cents=46_000))
    unbound = under(subject, payment_max_cents=None)
    cash = [0, 150_000, 700_000]
    grid = quote_grid(subject, GridQuestion([48, 60, 84], cash, best=True), None)
    assert grid.programme_id is None
    above = []
    for (row, term), (column, amount) in product(enumerate([48, 60, 84]), enumerate(cash)):
        there = {"term_months": term, "cash_down_cents": amount, "cash_down_max_cents": amount}
        alone = quote_structure(under(subject, **there)).answer
        assert (grid.eligible[row][column], grid.binding[row][column]) == (alone.eligible, alone.binding)
        if alone.binding == "payment_max" and not alone.eligible:
            above.append(alone := quote_structure(under(unbound, **there)).answer)
            assert alone.payment_cents > 46_000
        assert grid.payment_cents[row][column] == (alone.payment_cents or None)
        if alone.eligible:
            assert grid.npv_cents[row][column] == alone.value.npv_cents
            assert (grid.lender[row][column], grid.rate_bp[row][column]) == (alone.lender, alone.rate_bp)
            assert grid.discount_cents[row][column] == alone.discount_cents
            assert grid.total_of_payments_cents[row][column] == alone.total_of_payments_cents
    assert above
    assert {True, False} == {cell for row in grid.eligible for cell in row}
    assert grid.payment_cents[2] == [None] * 3
    assert grid.binding[2] == ["term"] * 3


def test_a_pencil_is_computed_by_the_rules_of_its_engine() -> None:
    """A contract from the end of February had 28 days before version 4, and its pencil has them still."""
    february = msgspec.structs.replace(
        WISH, contract_date=dt.date(2026, 2, 28), first_payment_date=dt.date(2026, 3, 28)
    )
    now, before = quote_structure(case(february)).answer, quote_structure(case(february, engine=3)).answer
    assert now.payment_cents > before.payment_cents
    assert now.schedule[0].interest_cents * 28 // 30 == before.schedule[0].interest_cents
    assert (engine_number("3"), engine_number("4"), engine_number("test")) == (3, 4, 4)


def test_a_grid_of_its_own() -> None:
    """Asked for nothing, a grid has the structure's terms, and cash in the store's steps from the least to
    two steps above the most; the offer's own cash has a column.
    """
    subject = case()
    offered = quote_structure(subject).choice
    grid = quote_grid(subject, GridQuestion(), offered)
    assert grid.terms_months == TERMS
    assert grid.cash_down_cents == [100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000]
    halves = quote_grid(subject, GridQuestion(step_cents=25_000), offered)
    assert halves.cash_down_cents == list(range(100_000, 400_000, 25_000))
    near = msgspec.structs.replace(WISH, cash_down_max_cents=220_000)
    grid = quote_grid(case(near), GridQuestion(), None)
    assert grid.cash_down_cents == [100_000, 150_000, 200_000, 220_000, 250_000, 300_000]
    assert grid.step_cents == 50_000
    grid = quote_grid(case(Structure(cash_down_cents=5)), GridQuestion(), None)
    assert grid.cash_down_cents == [5, 50_000, 100_000, 150_000, 200_000]


def test_a_grid_names_the_programmes_that_it_can_be_of() -> None:
    """Each once, with its rate at the offer's term; the grid is of the offer's own unless asked otherwise."""
    subject = case()
    offered = quote_structure(subject).choice
    grid = quote_grid(subject, GridQuestion(), offered)
    assert grid.programme_id == offered.programme_id
    term = offered.term_months
    assert [codec.plain(each) for each in grid.lenders] == [
        {"programme_id": "harbor", "lender": "harbor", "rate_bp": 740.0 + term},
        {"programme_id": "summit", "lender": "summit", "rate_bp": 710.0 + term},
    ]
    other = next(each for each in grid.lenders if each.programme_id != offered.programme_id)
    turned = quote_grid(subject, GridQuestion(programme_id=other.programme_id), offered)
    assert turned.programme_id == other.programme_id
    assert {lender for row in turned.lender for lender in row} == {other.lender}


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


def test_the_frontier_rises_and_its_points_can_be_quoted() -> None:
    """Payment and NPV both rise along the points; each is what a quote of its terms answers. The best of a
    payment band lies inside the band.
    """
    subject = case(discount_max_cents=100_000, monthly_income_cents=500_000)
    points, bands = quote_frontier(subject)
    assert len(points) > 1
    assert [point.payment_cents for point in points] == sorted({point.payment_cents for point in points})
    assert [point.npv_cents for point in points] == sorted({point.npv_cents for point in points})
    for point in points:
        again = quote_structure(
            under(
                only(subject, point.programme_id),
                term_months=point.term_months,
                cash_down_cents=point.cash_down_cents,
                cash_down_max_cents=point.cash_down_cents,
                discount_cents=point.discount_cents,
            )
        ).answer
        assert (again.payment_cents, again.value.npv_cents) == (point.payment_cents, point.npv_cents)
    for band in bands:
        assert band.over_cents < band.best.payment_cents <= band.to_cents
    best = quote_structure(subject).answer
    assert max(band.best.npv_cents for band in bands) == best.value.npv_cents


def test_the_frontier_tells_what_turns_over_under_stress() -> None:
    """Where a held contract is worth most and a sold one is safe, more than one point is passed; each count
    is that of the cheaper points that are worth more under stress.
    """
    risky = RiskModel(version="risk-1", curves=(curve(cnl=0.05, recovery=0.3),))
    subject = replace(case(discount_max_cents=100_000), model=risky)
    points, bands = quote_frontier(subject)
    stressed = [point.stress_npv_cents for point in points]
    for place, point in enumerate(points):
        assert point.passed_by == sum(cheaper > stressed[place] for cheaper in stressed[:place])
    assert {point.passed_by > 0 for point in points} == {True, False}
    assert all(not hasattr(band.best, "passed_by") for band in bands)


def test_monthly_cash_is_the_contracts_part_of_the_value() -> None:
    """Discounted at the funding rate, less the principal and what is paid outside, it is the sum of the
    contract's parts, to half a cent for each rounded amount of a month. A sold contract brings none.
    """
    subject = only(case(), "harbor")
    quoted = quote_structure(subject)
    cash = quote_cash(subject, quoted.choice)
    net = [
        sum(month) for month in zip(cash.collected, cash.recovered, [-c for c in cash.servicing], strict=True)
    ]
    assert len(net) >= quoted.answer.term_months
    worth = pyxirr.npv(curve().funding_rate / 12, [-quoted.answer.principal_cents, *net])
    contract = ("interest", "funding", "loss", "prepayment", "servicing")
    parts = sum(quoted.answer.value.parts[name] for name in contract)
    assert worth == pytest.approx(parts, abs=1.5 * len(net))
    sold = only(case(), "summit")
    assert quote_cash(sold, quote_structure(sold).choice) is None


def only(subject: Case, programme_id: str) -> Case:
    """Return the case with one programme only."""
    return Case(subject.inputs, subject.numbers, subject.sheet, subject.model, programme_id)


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


def warned(subject: Case, *, desk: bool = True) -> dict[WarningCode, str]:
    """Return the warnings of a case's quote."""
    found = quote_warnings(subject, quote_structure(subject), desk=desk)
    return {each.code: each.message for each in found}


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
