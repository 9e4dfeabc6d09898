"""Columns of all cars from values of some."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.finance.columns import Spread, wire_limits, without
from server.finance.rules.limits import Limit


@given(st.sets(st.integers(0, 30)), st.integers(0, 10**9))
def test_a_column_has_each_value_at_its_car(has: set[int], seed: int) -> None:
    """None for every other car, whether few or most of them have a value."""
    random, count = Random(seed), 31
    values = {car: random.randrange(10**6) for car in sorted(has)}
    spread = Spread(np.array(sorted(has), dtype=np.intp), count)
    column = spread.column(np.array(list(values.values()), dtype=np.int64))
    assert column == [values.get(car) for car in range(count)]
    assert all(each is None or type(each) is int for each in column)
    assert spread.others == [car for car in range(count) if car not in has]


def test_texts_are_spread_too() -> None:
    """A lender's name is a column like an amount."""
    spread = Spread(np.array([0, 2]), 3)
    assert spread.column(np.array(["a", "b"], dtype=object)) == ["a", None, "b"]


def test_marked_cars_lose_their_value() -> None:
    """The others keep theirs."""
    assert without([1, None, 3], np.array([True, True, False])) == [None, None, 3]


def test_limits_have_their_names_on_the_wire() -> None:
    """By number, so the numbers have no gap."""
    assert wire_limits(np.array([int(limit) for limit in Limit])) == [limit.wire for limit in Limit]
