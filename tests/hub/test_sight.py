"""Scores in the place of NPVs: they rise with the value, and nothing beside them tells it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.records import Role, View
from server.hub.sight import Sight, score_of, sight_of, with_scores
from server.store.users import Account

WITH_SCORES = Sight(View.SALES, (0, 50_000, 100_000, 200_000))
npvs = st.integers(-(10**12), 10**12)


@given(npvs, npvs, st.lists(npvs, min_size=4, max_size=4, unique=True).map(sorted).map(tuple))
def test_scores_rise_with_the_value(one: int, two: int, edges: tuple[int, ...]) -> None:
    """From 1 to 5, never against the order of NPVs, and an NPV at an edge is above it."""
    low, high = sorted((one, two))
    assert 1 <= score_of(low, edges) <= score_of(high, edges) <= 5
    assert [score_of(edge, edges) for edge in edges] == [2, 3, 4, 5]
    assert score_of(edges[0] - 1, edges) == 1


def test_what_is_lacking_in_value_is_no_number_beside_scores() -> None:
    """A fix of the store's least value would tell the NPV: it is not shown, others are."""
    fix = {"kind": "price", "value_cents": 5}
    limits: list[Any] = ["npv_floor", "ltv_total", None]
    columns = {
        "binding": ["npv_floor", "ltv_total", None],
        "fix": [fix, fix, None],
        "npv_cents": [None, -5, 60_000],
    }
    assert with_scores(columns, WITH_SCORES) == {
        "binding": limits,
        "fix": [None, fix, None],
        "score": [None, 1, 3],
    }
    rejected = {"limit": "npv_floor", "cars": 3, "fix": fix}
    assert with_scores(rejected, WITH_SCORES) == {"limit": "npv_floor", "cars": 3, "fix": None}
    assert with_scores(columns, Sight(View.SALES)) is columns


def test_a_store_keeps_its_npvs_from_the_sales_view_only() -> None:
    """Whoever looks: its managers see them in their own view."""
    account = Account("u1", "ann", "Ann", Role.DESK_MANAGER, "riverside", score_edges_cents=(0, 1, 2, 3))
    assert sight_of(View.SALES, account) == Sight(View.SALES, (0, 1, 2, 3))
    assert [sight_of(view, account) for view in (View.MANAGER, View.CUSTOMER)] == [
        Sight(View.MANAGER), Sight(View.CUSTOMER),
    ]  # fmt: skip
