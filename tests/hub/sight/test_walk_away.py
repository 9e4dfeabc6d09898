"""The least NPV that a store accepts is not found by asking, in the views that hide NPVs."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from protocol import codec
from protocol.commands import Roll
from protocol.deal.structure import Structure
from protocol.money.inputs import AuthorityCovers
from protocol.money.pricing import Vary
from protocol.money.quotes import FrontierReply, QuoteReply
from protocol.records import BasisPoints, Versions, View
from server.finance.quoting import (
    Case,
    GridQuestion,
    quote_frontier,
    quote_grid,
    quote_roll,
    quote_structure,
    quote_warnings,
)
from server.hub.sight.floor_guard import MARGIN_CENTS, FloorGuard
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_frontier, project_quote
from tests.finance.cases import car, inputs, programme, sheet
from tests.finance.cases import model as risk_model

CAR = "17"
VERSIONS = Versions(inventory="1", rates="r", tax="t", risk="k", engine="e")
NOTHING = -(10**12)
"""The worth of what no programme takes."""
EDGES = (-40_000, 0, 40_000, 150_000)
WISH = Structure(
    terms_months=[48, 60, 72],
    fees_cents=79_900,
    doc_fee_cents=29_900,
    products_cents=120_000,
    cash_down_cents=100_000,
    cash_down_max_cents=300_000,
    trade_allowance_cents=300_000,
    trade_acv_cents=300_000,
    payoff_cents=200_000,
    tax_rate_bp=BasisPoints(725),
)
ROWS = [programme(term_months=term, buy_rate_bp=640.0 + term) for term in (48, 60, 72)]
MODEL = risk_model(cnl=0.03)


@dataclass(frozen=True)
class Fixed(FloorGuard):
    """A guard whose margin is known to the test."""

    margin: int = 0

    def margin_cents(self, vehicle_id: object) -> int:
        return self.margin


@dataclass(frozen=True)
class World:
    """A car of a store as somebody may find it: what it cost, and the margin that its edge has."""

    cost_cents: int
    margin_cents: int

    def case(self, structure: Structure) -> Case:
        """Return the car under terms, as the hub quotes it in a view that hides NPVs."""
        deal = inputs(
            structure,
            npv_floor_cents=self.guard.floor_cents(CAR),
            discount_max_cents=50_000,
            authority_covers=AuthorityCovers.CONCESSION,
            product_cost_share_bp=4_500.0,
            monthly_income_cents=700_000,
        )
        return Case(deal, car(cost_cents=self.cost_cents), sheet(*ROWS), MODEL)

    @property
    def guard(self) -> Fixed:
        """The store's floor of 0 with the car's margin."""
        return Fixed(0, "", self.margin_cents)

    def answers(self, structure: Structure, roll: Roll | None = None) -> list[Any]:
        """Return all that both views are told about one question."""
        case = self.case(structure)
        quoted = quote_structure(case)
        reply = QuoteReply(
            **msgspec.structs.asdict(quoted.answer),
            vehicle_id=CAR,
            rev=1,
            versions=VERSIONS,
            pencil_id="p",
            grid=quote_grid(case, GridQuestion(), quoted.choice),
            warnings=quote_warnings(case, quoted, desk=False),
            roll=msgspec.UNSET if roll is None else quote_roll(case, quoted, roll, desk=False),
        )
        points, bands = quote_frontier(case)
        frontier = FrontierReply(vehicle_id=CAR, rev=1, points=points, bands=bands, versions=VERSIONS)
        scores = Sight(View.SALES, EDGES, self.guard)
        return [
            project_quote(codec.plain(reply), Sight(View.CUSTOMER, guard=self.guard)),
            project_quote(codec.plain(reply), scores),
            project_frontier(codec.plain(frontier), scores),
            self.guard.without_marginal(self._row(structure)).get("payment_cents"),
        ]

    def accepts(self, structure: Structure) -> bool:
        """Return whether the views are told that a structure is acceptable."""
        return quote_structure(self.case(structure)).answer.eligible

    def npv(self, structure: Structure) -> int:
        """Return what a structure is worth, whatever the floor."""
        case = self.case(structure)
        lax = Case(
            msgspec.structs.replace(case.inputs, npv_floor_cents=-(10**12)), case.numbers, case.sheet, MODEL
        )
        value = quote_structure(lax).answer.value
        return NOTHING if isinstance(value, msgspec.UnsetType) else value.npv_cents

    def _row(self, structure: Structure) -> dict[str, Any]:
        return {"vehicle_id": [CAR], "npv_cents": [self.npv(structure)], "payment_cents": [1]}


levers = st.fixed_dictionaries(
    {},
    optional={
        "discount_cents": st.integers(0, 50_000),
        "price_cents": st.integers(2_300_000, 2_500_000),
        "trade_allowance_cents": st.integers(200_000, 500_000),
        "payoff_cents": st.integers(0, 400_000),
        "cash_down_cents": st.integers(0, 300_000),
        "fees_cents": st.integers(30_000, 200_000),
        "doc_fee_cents": st.integers(0, 30_000),
        "products_cents": st.integers(0, 250_000),
        "rebate_cents": st.integers(0, 60_000),
        "prepaid_finance_cents": st.integers(0, 50_000),
        "term_months": st.sampled_from([48, 60, 72]),
        "payment_max_cents": st.integers(25_000, 80_000),
    },
)
rolls = st.none() | st.builds(Roll, vary=st.sampled_from(Vary), payment_cents=st.integers(30_000, 60_000))
margins = st.integers(0, MARGIN_CENTS - 1)


# Without shrinking: an example that fails says enough, and each one is many quotes.
@settings(max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.integers(2_250_000, 2_420_000), margins, margins, levers, rolls)
def test_cars_that_differ_within_the_margin_answer_alike(
    cost: int, one: int, other: int, changes: dict[str, Any], roll: Roll | None
) -> None:
    """Two cars of which one cost up to $200 more, with margins to match, give the same answer to every
    question: whatever is asked, and however often, nothing tells them apart.
    """
    structure = msgspec.structs.replace(WISH, **changes)
    first, second = World(cost, one), World(cost + one - other, other)
    assert first.answers(structure, roll) == second.answers(structure, roll)


@pytest.mark.parametrize("margin", [0, 1_234, 19_999])
@pytest.mark.parametrize(
    ("field", "start", "step"),
    [
        ("discount_cents", 0, 1),
        ("trade_allowance_cents", 300_000, 1),
        ("price_cents", 2_500_000, -1),
        ("doc_fee_cents", 49_900, -1),
    ],
)
def test_a_bisection_ends_at_the_margin(field: str, start: int, step: int, margin: int) -> None:
    """Halving finds where ``eligible`` flips, to the cent, by every field that takes from the gross. What it
    finds is worth the margin, of which nothing is known, and not the store's floor.
    """

    def terms(conceded: int) -> Structure:
        return msgspec.structs.replace(WISH, fees_cents=99_900, **{field: start + step * conceded})

    cost = 2_300_000
    # Worth $290 before anything is conceded: the edge lies within the next $290.
    world = World(cost + World(cost, margin).npv(terms(0)) - 29_000, margin)
    below, above = 0, 45_000
    assert world.accepts(terms(below))
    assert not world.accepts(terms(above))
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if world.accepts(terms(middle)) else (below, middle)
    assert world.npv(terms(above)) < margin <= world.npv(terms(below))
