"""Scores in the place of NPVs: they rise with the value, and nothing beside them tells it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.records import Role, View
from server.database.people.users import Account
from server.hub.sight.floor_guard import MARGIN_CENTS, FloorGuard
from server.hub.sight.sight import NPV_STEP_CENTS, Sight, score_of, sight_of, value_as_seen

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
    # Rows have no fix at all: its amounts end at the store's floor, where a quote's end at the guarded one.
    assert value_as_seen(columns, WITH_SCORES) == {
        "binding": limits,
        "fix": [None, None, None],
        "score": [None, 1, 3],
    }
    rejected = {"limit": "npv_floor", "cars": 3, "fix": fix}
    assert value_as_seen(rejected, WITH_SCORES) == {"limit": "npv_floor", "cars": 3, "fix": None}
    quoted = {"binding": "ltv_total", "fix": {"kind": "cash", "cash_cents": 7}}
    assert value_as_seen(quoted, WITH_SCORES) == quoted


@given(npvs, st.lists(npvs | st.none(), max_size=4), st.lists(npvs, max_size=3))
def test_salespeople_see_npvs_to_ten_dollars(total: int, cells: list[int | None], history: list[int]) -> None:
    """Wherever one stands, and never against the order of the exact ones; a fix asks for no less than it
    takes. Whoever sees the exact one sees it as it is.
    """
    fix = {"kind": "value", "value_cents": abs(total), "cash_cents": None, "term_months": 7}
    exact: dict[str, Any] = {
        "payment_cents": 12_345,
        "value": {"npv_cents": total, "stress_npv_cents": total},
        "grid": {"npv_cents": [cells, cells]},
        "points": [{"npv_cents": total}],
        "columns": {"npv_cents": cells, "fix": [fix, None]},
        "npv_history": history,
        "fix": fix,
    }
    seen = value_as_seen(exact, Sight(View.SALES))
    shown = [cell for cell in seen["columns"]["npv_cents"] if cell is not None]
    told = [seen["value"]["npv_cents"], seen["value"]["stress_npv_cents"], seen["points"][0]["npv_cents"]]
    for amount in (*shown, *told, *seen["npv_history"], *filter(None, seen["grid"]["npv_cents"][1])):
        assert amount % NPV_STEP_CENTS == 0
    assert abs(told[0] - total) <= NPV_STEP_CENTS // 2
    assert [cell is None for cell in seen["columns"]["npv_cents"]] == [cell is None for cell in cells]
    kept = [cell for cell in cells if cell is not None]
    assert sorted(shown) == [npv for _, npv in sorted(zip(kept, shown, strict=True))]
    for one in (seen["fix"], seen["columns"]["fix"][0]):
        assert 0 <= one["value_cents"] - abs(total) < NPV_STEP_CENTS
        assert (one["value_cents"] % NPV_STEP_CENTS, one["cash_cents"], one["term_months"]) == (0, None, 7)
    assert seen["payment_cents"] == 12_345
    for view in (View.MANAGER, View.CUSTOMER):
        assert value_as_seen(exact, Sight(view)) is exact


GUARD = FloorGuard(0, "a key of the store")
CARS = [str(car) for car in range(400)]


def test_a_margin_is_the_cars_own_and_nobodys_guess() -> None:
    """It stays what it is, differs from car to car and from store to store, and fills its band."""
    margins = [GUARD.margin_cents(car) for car in CARS]
    assert margins == [FloorGuard(5, "a key of the store").margin_cents(car) for car in CARS]
    assert all(0 <= margin < MARGIN_CENTS for margin in margins)
    assert {margin * 10 // MARGIN_CENTS for margin in margins} == set(range(10))
    assert margins != [FloorGuard(0, "another key").margin_cents(car) for car in CARS]
    assert "a key" not in repr(GUARD)


def test_rows_hide_an_offer_below_its_edge() -> None:
    """As if the store's floor refused it; nothing else of the row changes."""
    margin = GUARD.margin_cents("7")
    columns = {
        "vehicle_id": ["7", "7", "7"],
        "rev": [1, 1, 1],
        "price_cents": [5, 6, 7],
        "npv_cents": [margin - 1, margin, None],
        "payment_cents": [30_000, 31_000, None],
        "binding": ["ltv_total", None, "mileage"],
        "fix": [None, None, {"kind": "term"}],
    }
    assert GUARD.without_marginal(columns) == columns | {
        "npv_cents": [None, margin, None],
        "payment_cents": [None, 31_000, None],
        "binding": ["npv_floor", None, "mileage"],
    }
    assert GUARD.without_marginal({"vehicle_id": ["7"]}) == {"vehicle_id": ["7"]}


def test_a_score_is_that_of_the_npv_less_its_margin() -> None:
    """In rows by the car of each, in a quote by the car of the whole."""
    sight = Sight(View.SALES, WITH_SCORES.score_edges, GUARD)
    margins = {car: GUARD.margin_cents(car) for car in ("7", "8")}
    rows = {"vehicle_id": ["7", "8"], "npv_cents": [50_000 + margins["7"], 49_999 + margins["8"]]}
    assert value_as_seen(rows, sight)["score"] == [3, 2]
    edge = 100_000 + margins["8"]
    quote = {"vehicle_id": "8", "value": {"npv_cents": edge}, "grid": {"npv_cents": [[edge - 1, None]]}}
    assert value_as_seen(quote, sight) == {
        "vehicle_id": "8",
        "value": {"score": 4},
        "grid": {"score": [[3, None]]},
    }


def test_a_store_keeps_its_npvs_from_the_sales_view_only() -> None:
    """Whoever looks: its managers see them in their own view."""
    account = Account(
        *("u1", "ann", "Ann", Role.DESK_MANAGER, "riverside"),
        score_edges_cents=(0, 1, 2, 3),
        npv_floor_cents=7,
        guard_key="key",
    )
    guard = FloorGuard(7, "key")
    assert sight_of(View.SALES, account) == Sight(View.SALES, (0, 1, 2, 3), guard)
    assert [sight_of(view, account) for view in (View.MANAGER, View.CUSTOMER)] == [
        Sight(View.MANAGER), Sight(View.CUSTOMER, guard=guard),
    ]  # fmt: skip
    open_store = Account("u2", "bo", "Bo", Role.SALESPERSON, "riverside")
    assert sight_of(View.SALES, open_store) == Sight(View.SALES)
