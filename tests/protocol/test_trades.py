"""Trades: records, the sums that follow from them, and what may not be said of one."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.deal.structure import Structure, StructureChanges, StructureError, revised, still_pertinent
from protocol.deal.trades import FLAT_FIELDS, Trade, TradeChanges, moved, sums_of, with_changes

QUOTED = dt.date(2026, 3, 2)
SOUND = "1M8GDM9AXKP042788"
CRV = Trade(id="a", year=2019, make="Honda", model="CR-V", allowance_cents=12_000_00, payoff_cents=13_856_00)


def changes(**fields: Any) -> StructureChanges:
    """Return changes as they come off the wire."""
    return codec.convert(StructureChanges, fields)


def with_trade(**fields: Any) -> Structure:
    """Return a structure with one trade."""
    return revised(Structure(), changes(trades=[{"id": "a", **fields}]))


def test_a_field_that_is_not_named_stays() -> None:
    """The cash value above all: whoever edits a trade without seeing it does not overwrite it."""
    appraised = with_trade(make="Honda", allowance_cents=5_000_00, acv_cents=4_000_00)
    edited = revised(appraised, changes(trades=[{"id": "a", "allowance_cents": 6_000_00}]))
    [trade] = edited.trades
    assert (trade.make, trade.acv_cents) == ("Honda", 4_000_00)
    assert (edited.trade_allowance_cents, edited.trade_acv_cents) == (6_000_00, 4_000_00)


def test_trades_that_are_not_named_stay() -> None:
    """Two people may each add one at the same time."""
    one = with_trade(allowance_cents=5_000_00)
    two = revised(one, changes(trades=[{"id": "b", "allowance_cents": 1_000_00}]))
    assert [trade.id for trade in two.trades] == ["a", "b"]
    assert two.trade_allowance_cents == 6_000_00
    left = revised(two, changes(trades=[{"id": "a", "removed": True}]))
    assert [trade.id for trade in left.trades] == ["b"]
    none = revised(left, changes(trades=[{"id": "b", "removed": True}]))
    assert none == Structure()


def test_a_third_trade_is_one_too_many() -> None:
    """Two are possible; one may take the place of another in one change."""
    two = revised(with_trade(), changes(trades=[{"id": "b"}]))
    with pytest.raises(StructureError, match="at most 2"):
        revised(two, changes(trades=[{"id": "c"}]))
    swapped = revised(two, changes(trades=[{"id": "c"}, {"id": "a", "removed": True}]))
    assert [trade.id for trade in swapped.trades] == ["b", "c"]


@pytest.mark.parametrize("field", FLAT_FIELDS)
def test_a_flat_field_updates_the_only_trade(field: str) -> None:
    """As older clients set it; of two trades it cannot say which one."""
    value: Any = QUOTED if FLAT_FIELDS[field].endswith("through") else 700_00
    asked = StructureChanges(**{field: value})
    one = revised(with_trade(make="Honda"), asked)
    assert getattr(one.trades[0], FLAT_FIELDS[field]) == value
    assert getattr(one, field) == value
    with pytest.raises(StructureError) as refused:
        revised(revised(one, changes(trades=[{"id": "b"}])), asked)
    assert refused.value.field == field
    # Without a record it stands by itself, as it always did.
    assert getattr(revised(Structure(), asked), field) == value
    assert revised(Structure(), asked).trades == []


@given(st.lists(st.integers(0, 9_000_00) | st.none(), min_size=1, max_size=2), st.integers(0, 9_000_00))
def test_a_trade_without_a_cash_value_counts_with_its_allowance(acvs: list[int | None], over: int) -> None:
    """It is never 0: what is not known is neither lost nor won."""
    trades = [
        Trade(id=str(n), allowance_cents=(acv or 0) + over, acv_cents=acv) for n, acv in enumerate(acvs)
    ]
    sums = sums_of(trades)
    known = sum(over for acv in acvs if acv is not None)
    worth = sums["trade_allowance_cents"] if sums["trade_acv_cents"] is None else sums["trade_acv_cents"]
    assert sums["trade_allowance_cents"] - worth == known
    assert (sums["trade_acv_cents"] is None) is (set(acvs) == {None})


@pytest.mark.parametrize(
    ("quoted", "good_through", "day", "days"),
    [
        (QUOTED, dt.date(2026, 3, 12), dt.date(2026, 3, 2), 0),
        (QUOTED, dt.date(2026, 3, 12), dt.date(2026, 3, 12), 10),
        (QUOTED, dt.date(2026, 3, 12), dt.date(2026, 4, 1), 30),
        (QUOTED, None, dt.date(2026, 3, 5), 3),
        (QUOTED, None, dt.date(2026, 2, 1), 0),
        (None, dt.date(2026, 3, 12), dt.date(2026, 3, 10), 0),
        (None, dt.date(2026, 3, 12), dt.date(2026, 3, 15), 3),
        (None, None, dt.date(2026, 3, 15), 0),
    ],
)
def test_a_payoff_grows_by_its_per_diem(
    quoted: dt.date | None, good_through: dt.date | None, day: dt.date, days: int
) -> None:
    """From the day of the quote to the day on which it is paid."""
    trade = Trade(
        id="a",
        payoff_cents=10_000_00,
        payoff_per_diem_cents=2_33,
        payoff_quoted_on=quoted,
        payoff_good_through=good_through,
    )
    assert trade.payoff_on(day) == 10_000_00 + days * 2_33


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"vin": SOUND[:-1]}, "vin", "17 characters, got 16"),
        ({"vin": SOUND[:8] + "1" + SOUND[9:]}, "vin", "check digit"),
        ({"vin": SOUND, "year": 1979}, "vin", "before 1981"),
        ({"vin": "194377S101234"}, "vin", "before 1981"),
        ({"vin": "IOQ" + SOUND[3:]}, "vin", "no VIN may contain"),
        ({"payoff_quoted_on": "1970-01-01"}, "payoff_quoted_on", "between"),
        (
            {"payoff_quoted_on": "2026-03-02", "payoff_good_through": "2026-03-01"},
            "payoff_good_through",
            "from",
        ),
    ],
)
def test_what_no_trade_may_say(fields: dict[str, Any], field: str, said: str) -> None:
    """The error names the trade and its field, and says what to do."""
    with pytest.raises(StructureError, match=said) as refused:
        with_trade(**fields)
    assert refused.value.field == f"trades.a.{field}"


def test_a_vin_may_be_unknown_and_is_kept_in_capitals() -> None:
    """Empty means that nobody read it yet; spaces around it are nobody's intention."""
    assert with_trade(vin="").trades[0].vin == ""
    assert with_trade(vin=f" {SOUND.lower()} ").trades[0].vin == SOUND
    both = changes(trades=[{"id": "a", "vin": SOUND}, {"id": "b", "vin": SOUND}])
    with pytest.raises(StructureError, match="both trades"):
        revised(Structure(), both)


def test_sums_stay_within_an_amount() -> None:
    """Two amounts that are each allowed may be too much together."""
    for name, most in (("allowance_cents", 10_000_000_000), ("payoff_per_diem_cents", 100_000)):
        with pytest.raises(StructureError, match="together") as refused:
            revised(Structure(), changes(trades=[{"id": "a", name: most}, {"id": "b", name: 1}]))
        assert refused.value.field == f"trades.b.{name}"


def test_what_moved_between_two_lists() -> None:
    """Field by field, so that edits of two people merge."""
    after = with_changes([CRV], [TradeChanges(id="a", payoff_cents=1), TradeChanges(id="b")])
    assert moved([CRV], after) == {("a", "payoff_cents"), ("b", "")}
    assert moved([CRV], [CRV]) == set()


def test_an_old_offer_brings_no_trade_back() -> None:
    """What an offer changed of a trade counts while the trade is on the deal."""
    asked = changes(trades=[{"id": "a", "allowance_cents": 1}, {"id": "gone", "allowance_cents": 2}])
    left = still_pertinent(asked, with_trade())
    assert left == changes(trades=[{"id": "a", "allowance_cents": 1}])
    assert still_pertinent(asked, Structure()) == StructureChanges()


def test_a_trade_is_called_by_what_is_known_of_it() -> None:
    """As people say it."""
    assert CRV.describe() == "2019 Honda CR-V"
    assert Trade(id="a").describe() == "trade"


def test_structures_of_older_releases_read_as_before() -> None:
    """They say 0 where nobody stated a cash value, and know no trades."""
    old = codec.convert(Structure, {"trade_allowance_cents": 5_000_00, "trade_acv_cents": 0})
    assert (old.trade_value_cents, old.trades) == (0, [])
