"""Manufacturers' rebates: who gets which, and what they come to together."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.money.lending import Rebate
from server.finance.rules.rebates import largest_rebate_cents, rebate_for, rebates_open_to

DAY = dt.date(2026, 3, 15)


def rebate(amount: int, **fields: object) -> Rebate:
    """Return a rebate of ``amount`` dollars on any new Honda in March 2026."""
    usual: dict[str, object] = {
        "rebate_id": f"r{amount}",
        "programme": "Cash",
        "make": "Honda",
        "starts_on": dt.date(2026, 3, 1),
        "ends_on": dt.date(2026, 3, 31),
        "amount_cents": amount * 100,
    }
    return Rebate(**(usual | fields))  # type: ignore[arg-type]


def on_a_civic(*rebates: Rebate, who: tuple[str, ...] = (), on: dt.date = DAY) -> int:
    """Return what a customer gets on a new Civic of 2026, in dollars."""
    return rebate_for(rebates, "Honda", "Civic", 2026, True, who, on) // 100


def test_stackable_rebates_add_up_and_an_exclusive_one_stands_alone() -> None:
    """The better of all stackable ones together and the best exclusive one."""
    stacked = rebate(500), rebate(750)
    assert on_a_civic(*stacked) == 1_250
    assert on_a_civic(*stacked, rebate(1_000, stackable=False)) == 1_250
    assert on_a_civic(*stacked, rebate(1_500, stackable=False), rebate(1_400, stackable=False)) == 1_500


@pytest.mark.parametrize(
    ("who", "dollars"),
    [((), 500), (("military",), 1_000), (("loyalty",), 500), (("loyalty", "military"), 1_300)],
)
def test_an_ineligible_rebate_never_enters(who: tuple[str, ...], dollars: int) -> None:
    """Every requirement must be met: military alone does not open what asks for loyalty too."""
    found = on_a_civic(
        rebate(500),
        rebate(1_000, requires=("military",), stackable=False),
        rebate(800, requires=("military", "loyalty")),
        who=who,
    )
    assert found == dollars


@pytest.mark.parametrize(
    ("fields", "applies"),
    [
        ({"model": "Civic"}, True),
        ({"model": "Accord"}, False),
        ({"make": "Toyota"}, False),
        ({"year_min": 2026, "year_max": 2026}, True),
        ({"year_max": 2025}, False),
        ({"ends_on": DAY, "starts_on": DAY}, True),
        ({"ends_on": DAY - dt.timedelta(days=1)}, False),
        ({"starts_on": DAY + dt.timedelta(days=1)}, False),
    ],
)
def test_a_rebate_is_for_certain_cars_and_days(fields: dict[str, object], applies: bool) -> None:
    """Make, model, years and dates, the last of each included."""
    assert (on_a_civic(rebate(500, **fields)) == 500) is applies


def test_a_used_car_gets_only_what_is_not_for_new_ones() -> None:
    """A rebate is for new cars unless it says otherwise."""
    rebates = (rebate(500), rebate(200, new_only=False))
    assert rebate_for(rebates, "Honda", "Civic", 2026, False, (), DAY) == 200_00


REBATES = st.lists(
    st.builds(
        rebate,
        st.integers(1, 3_000),
        make=st.sampled_from(["Honda", "Toyota"]),
        model=st.sampled_from([None, "Civic", "Corolla"]),
        new_only=st.booleans(),
        requires=st.sampled_from([(), ("military",)]),
        stackable=st.booleans(),
    ),
    max_size=7,
)


@given(REBATES, st.sampled_from(["Civic", "Corolla"]), st.booleans(), st.sampled_from([(), ("military",)]))
def test_no_permitted_combination_is_better(
    rebates: list[Rebate], model: str, is_new: bool, who: tuple[str, ...]
) -> None:
    """Against every subset that is permitted, and never above the bound that opens the price window."""
    best = 0
    for size in range(len(rebates) + 1):
        for chosen in itertools.combinations(rebates, size):
            permitted = size <= 1 or all(one.stackable for one in chosen)
            applies = all(rebate_for([one], "Honda", model, 2026, is_new, who, DAY) for one in chosen)
            if permitted and applies:
                best = max(best, sum(one.amount_cents for one in chosen))
    assert rebate_for(rebates, "Honda", model, 2026, is_new, who, DAY) == best
    assert best <= largest_rebate_cents(rebates_open_to(rebates, who, DAY))
