"""The cheapest row of a lender applies: against brute force on small deals, and over 10,000 random cases."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.deal.structure import RateReason, Structure
from protocol.events import Fix, FixKind
from protocol.money.inputs import DealInputs, RowRule
from protocol.money.lending import Programme, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import Choice, Pricing, best_offers, choices, frontier, price_plan
from server.finance.loans.structures import build_structures
from server.finance.plan import plan_deal, price_window
from server.finance.quoting import Case, GridQuestion, quote_frontier, quote_grid, quote_structure
from tests.finance import reference
from tests.finance.cases import car, cars, inputs, model, programme, sheet
from tests.finance.sheets import plain_rows
from tests.finance.sheets.plain_rows import Deal, Offered
from tests.finance.sheets.random_rows import random_row
from tests.finance.sheets.rows import rows, sheet_deals, stock_car
from tests.finance.strategies import models

CASES = 10_000
CHEAPEST: dict[str, Any] = {"row_rule": RowRule.CHEAPEST}


def offered_rows(pricing: Pricing) -> list[Offered]:
    """Return the rows of a plan at their terms; a row that does not take the deal's rate undercuts only."""
    programmes = pricing.plan.programmes
    return [
        Offered(
            number, row, int(term), float(factor), plain_rows.rebate_name(row, pricing.plan.sheet.programmes)
        )
        for number, (row, term, factor) in enumerate(
            zip(programmes.row.tolist(), programmes.term.tolist(), pricing.plan.factors, strict=True)
        )
    ]


def valued(pricing: Pricing, deal: DealInputs, one: dict[str, int]) -> Iterator[tuple[int, Deal]]:
    """Yield what brute force may offer on a car, with its NPV."""
    every, bands = offered_rows(pricing), pricing.valuation.bands
    for made in plain_rows.offerable(deal, every, one):
        row = made.offered.row
        basis = one[f"{(row.new_ltv_basis if one['is_new'] else row.used_ltv_basis).value}_cents"]
        found = reference.Found(row, made.cash, made.discount, made.principal, made.payment, basis)
        band = reference.band_of(deal, found, bands.curves_at(made.offered.term))
        npv = int(pricing.valuation.npv_cents(made.offered.number, band, made.principal))
        yield npv + reference.front_gross(deal, one, made.discount), made


@settings(max_examples=200)
@given(
    deal=sheet_deals(), sheet_rows=rows(), risk=models(), stock=st.lists(stock_car(), min_size=1, max_size=3)
)
def test_the_offer_is_the_best_that_no_cheaper_row_takes(
    deal: DealInputs, sheet_rows: tuple[Programme, ...], risk: RiskModel, stock: list[dict[str, int]]
) -> None:
    """Over every cent of cash and discount, brute force finds nothing better, and nothing without an offer;
    the price window holds every car with a structure.
    """
    plan = plan_deal(deal, sheet(*sheet_rows))
    if plan.empty:
        return
    pricing = price_plan(plan, risk)
    columns = best_offers(pricing, cars(*stock))
    window = price_window(plan, max(one["rebate_cents"] for one in stock))
    feasible = build_structures(plan, cars(*stock)).any_feasible()
    for number, one in enumerate(stock):
        found = list(valued(pricing, deal, one))
        accepted = [npv for npv, _ in found if npv >= deal.npv_floor_cents]
        assert columns["npv_cents"][number] == max(accepted, default=None)
        assert bool(feasible[number]) == bool(found)
        if found:
            assert window is not None
            assert window[0] <= one["price_cents"] <= window[1]


@settings(max_examples=140)
@given(deal=sheet_deals(), sheet_rows=rows(), risk=models(), one=stock_car())
def test_the_frontier_beats_every_structure_that_may_be_offered(
    deal: DealInputs, sheet_rows: tuple[Programme, ...], risk: RiskModel, one: dict[str, int]
) -> None:
    """Each choice is one of brute force; each point of the frontier too."""
    plan = plan_deal(deal, sheet(*sheet_rows))
    if plan.empty:
        return
    pricing = price_plan(plan, risk)
    known = {(made.offered.number, made.cash, made.discount, npv) for npv, made in valued(pricing, deal, one)}
    for choice in (*choices(pricing, cars(one)), *frontier(pricing, cars(one))):
        assert (choice.programme, choice.cash_down_cents, choice.discount_cents, choice.npv_cents) in known


def random_car(pick: random.Random) -> dict[str, int]:
    """Return a used car."""
    price = pick.randrange(800_000, 5_000_000)
    return car(
        price_cents=price,
        cost_cents=int(price * 0.9),
        wholesale_cents=int(price * pick.uniform(0.75, 0.95)),
        retail_cents=int(price * pick.uniform(0.9, 1.05)),
        year=pick.randrange(2016, 2026),
        mileage=pick.randrange(2_000, 120_000),
    )


def random_deal(pick: random.Random) -> DealInputs:
    """Return a deal with cash, a trade and sometimes a payment maximum or a stated rate."""
    stated = pick.choice([None, None, None, BasisPoints(650)])
    structure = Structure(
        terms_months=[48, 60, 72],
        cash_down_cents=pick.choice([0, 100_000]),
        cash_down_max_cents=pick.choice([None, 500_000]) if pick.random() < 0.5 else 400_000,
        trade_allowance_cents=pick.choice([0, 500_000]),
        payoff_cents=pick.choice([0, 700_000]),
        products_cents=pick.choice([0, 200_000]),
        payment_max_cents=pick.choice([None, 60_000]),
        rate_bp=stated,
        rate_reason=None if stated is None else RateReason.COMPETING_OFFER,
    )
    return inputs(
        structure, monthly_income_cents=pick.choice([None, 600_000]), discount_max_cents=50_000, **CHEAPEST
    )


def undercut(pricing: Pricing, deal: DealInputs, one: dict[str, int], choice: Choice) -> bool:
    """Return whether a cheaper row of the offer's lender takes its car and structure."""
    every = offered_rows(pricing)
    at = every[choice.programme]
    made = Deal(
        at, choice.cash_down_cents, choice.discount_cents, choice.principal_cents, choice.payment_cents
    )
    return plain_rows.is_undercut(deal, at, every, one, made)


def test_no_offer_uses_a_row_where_a_cheaper_one_of_the_lender_fits() -> None:
    """10,000 random cars under 250 sheets: every choice of each, and so its offer and its frontier. The rule
    binds: without it, many offers would be dearer rows.
    """
    pick, risk, dearer = random.Random(14), model(), 0
    for _ in range(CASES // 40):
        deal, sheet_rows = (
            random_deal(pick),
            [random_row(pick, number) for number in range(pick.randrange(3, 9))],
        )
        plan = plan_deal(deal, sheet(*sheet_rows))
        if plan.empty:
            continue
        pricing = price_plan(plan, risk)
        for one in (random_car(pick) for _ in range(40)):
            for choice in choices(pricing, cars(one)):
                assert not undercut(pricing, deal, one, choice)
                row = plan.programmes.row[choice.programme]
                dearer += any(
                    each.lender == row.lender and each.buy_rate_bp < row.buy_rate_bp for each in sheet_rows
                )
    assert dearer > 1_000


def overlapping() -> list[Programme]:
    """Return a lender's usual row, and a cheaper one for up to 90 % of the book value."""
    return [
        programme(programme_id="usual", buy_rate_bp=699.0),
        programme(programme_id="low", buy_rate_bp=599.0, ltv_front_max_bp=9_000.0, ltv_total_max_bp=9_000.0),
    ]


def test_quote_grid_and_frontier_keep_to_the_cheapest_row() -> None:
    """Wholesale is $22,000, so that up to $19,800 costs 5.99 % and only more costs 6.99 %."""
    structure = Structure(terms_months=[60], cash_down_cents=0, cash_down_max_cents=1_000_000)
    case = Case(inputs(structure, **CHEAPEST), car(), sheet(*overlapping()), model())
    answer = quote_structure(case).answer
    assert (answer.programme_id, answer.rate_bp, answer.principal_cents) == ("usual", 799.0, 2_500_000)
    points, bands = quote_frontier(case)
    for point in (*points, *(band.best for band in bands)):
        dear = 2_500_000 - point.cash_down_cents > 1_980_000
        assert point.programme_id == ("usual" if dear else "low")
    grid = quote_grid(case, GridQuestion([60], [0, 519_999, 520_000, 600_000], best=True), None)
    assert grid.rate_bp == [[799.0, 799.0, 699.0, 699.0]]


def test_a_pencil_from_before_the_rule_keeps_its_row() -> None:
    """Without the rule in its inputs every row may be offered: what was quoted replays to the cent."""
    structure = Structure(terms_months=[60], cash_down_cents=600_000, cash_down_max_cents=600_000)
    old = Case(inputs(structure), car(), sheet(*overlapping()), model())
    new = Case(inputs(structure, **CHEAPEST), car(), sheet(*overlapping()), model())
    assert quote_structure(old).answer.programme_id == "usual"
    assert quote_structure(new).answer.programme_id == "low"


def test_a_stated_rate_does_not_bring_a_dearer_row_back() -> None:
    """7.50 % is within the usual row's markup only. Up to $19,800 the lender books 5.99 % and at most 1 %, so
    that nothing is left at 7.50 % there.
    """
    stated = {"rate_bp": BasisPoints(750), "rate_reason": RateReason.COMPETING_OFFER, "terms_months": [60]}

    def answer(cash: int) -> Any:
        structure = Structure(cash_down_cents=cash, cash_down_max_cents=cash, **stated)
        return quote_structure(
            Case(inputs(structure, **CHEAPEST), car(), sheet(*overlapping()), model())
        ).answer

    assert (answer(0).programme_id, answer(0).rate_bp) == ("usual", 750.0)
    assert (answer(600_000).eligible, answer(600_000).binding) == (False, "rate")


def asked(programme_id: str, *sheet_rows: Programme, cash: int = 0, **one: int) -> Any:
    """Return the quote of one programme, with exactly this cash."""
    structure = Structure(terms_months=[60], cash_down_cents=cash, cash_down_max_cents=cash)
    case = Case(inputs(structure, **CHEAPEST), car(**one), sheet(*sheet_rows), model(), programme_id)
    return quote_structure(case).answer


def test_a_programme_that_is_asked_for_keeps_to_its_lenders_cheapest_row() -> None:
    """Up to $19,800 the lender's other programme is cheaper, so that the asked one is refused there."""
    assert (asked("usual", *overlapping()).rate_bp, asked("low", *overlapping()).binding) == (
        799.0,
        "ltv_front",
    )
    refused = asked("usual", *overlapping(), cash=600_000)
    assert (refused.eligible, refused.binding) == (False, "rate")
    taken = asked("low", *overlapping(), cash=600_000)
    assert (taken.eligible, taken.programme_id, taken.rate_bp) == (True, "low", 699.0)
    elsewhere = [each if each.programme_id == "usual" else moved(each) for each in overlapping()]
    assert asked("usual", *elsewhere, cash=600_000).rate_bp == 799.0


def moved(row: Programme) -> Programme:
    """Return a row of another lender."""
    return msgspec.structs.replace(row, lender="Meridian")


def test_only_the_programme_that_is_asked_for_is_offered() -> None:
    """The lender's cheaper programme is for new cars and never stands beside the one for used cars; a new car
    has no offer of the latter, and none of the former in its place.
    """
    used = programme(programme_id="used", new_cars=False)
    new = programme(programme_id="new", used_cars=False, buy_rate_bp=399.0)
    assert (asked("used", used, new).programme_id, asked("used", used, new).rate_bp) == ("used", 799.0)
    refused = asked("used", used, new, is_new=1)
    assert (refused.eligible, refused.binding) == (False, "new_used")


def test_a_stated_rate_is_never_lent_by_a_row_that_does_not_take_it() -> None:
    """7.50 % is above the markup of the lender's row for new cars, which no row of used cars undercuts: a new
    car has no offer, and its fix is the programme at its own rate.
    """
    rows = [programme(new_cars=False), programme(programme_id="new", used_cars=False, buy_rate_bp=399.0)]
    stated = Structure(terms_months=[60], rate_bp=BasisPoints(750), rate_reason=RateReason.COMPETING_OFFER)
    case = Case(inputs(stated, **CHEAPEST), car(is_new=1), sheet(*rows), model())
    answer = quote_structure(case).answer
    assert (answer.eligible, answer.binding) == (False, "new_used")
    assert answer.fix == Fix(kind=FixKind.PROGRAMME, lender="Harbor Credit")
