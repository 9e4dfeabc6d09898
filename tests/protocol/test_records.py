"""Domain values: basis points are exact, structures are consistent, codes say whether to come back."""

import copy
import datetime as dt
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.closing import CloseCode, CommandError, ErrorCode
from protocol.deal.product_lines import FLAT_FIELDS as PRODUCT_SUMS
from protocol.deal.structure import (
    FIRST_DATE,
    LAST_DATE,
    MAX_DEFERRAL_DAYS,
    MAX_PER_DIEM_CENTS,
    Structure,
    StructureChanges,
    StructureError,
    check_consistent,
    revised,
)
from protocol.deal.trades import FLAT_FIELDS
from protocol.records import UNSET, BasisPoints
from tests.protocol.strategies import basis_points, values_of


class Rate(msgspec.Struct):
    """A holder of one rate, for decoding."""

    rate_bp: BasisPoints


def test_every_rate_there_is_survives_the_wire() -> None:
    """All 1,000,001 values with two decimals go out and come back exactly the same."""
    rates = [Decimal(hundredths) / 100 for hundredths in range(1_000_001)]
    assert json.loads(codec.encode(rates), parse_float=Decimal, parse_int=Decimal) == rates


@given(rate=basis_points)
def test_a_rate_is_read_as_the_number_that_was_written(rate: BasisPoints) -> None:
    """Decoding gives the decimal as written, not a binary neighbour; its float and text are the same."""
    decoded = codec.decode_as(Rate, codec.encode(Rate(rate)))
    assert decoded.rate_bp == rate
    assert isinstance(decoded.rate_bp, BasisPoints)
    assert BasisPoints(float(rate)) == BasisPoints(str(rate)) == rate
    assert copy.deepcopy(rate) == rate


@pytest.mark.parametrize(
    "value",
    [-1, -0.01, 10_000.01, 10_001, 0.001, 887.555, 1e-9, 1e300, float("nan"), float("inf"), "NaN", "sNaN", "",
     "8%", Decimal("887.505")],
)  # fmt: skip
def test_what_is_no_rate_is_a_value_error(value: Any) -> None:
    """Outside 0 to 10,000, finer than two decimals, or no number: ValueError, whatever the value's type."""
    with pytest.raises(ValueError, match="basis points"):
        BasisPoints(value)


@pytest.mark.parametrize("value", ["0.1", "7e2", "-0.0", "0", "10000", "10000.00"])
def test_other_ways_to_write_a_rate_are_understood(value: str) -> None:
    """JSON has many spellings of a number: all that are a rate are taken."""
    decoded = codec.decode_as(Rate, f'{{"rate_bp":{value}}}')
    assert decoded.rate_bp == Decimal(value)


def test_structure_and_its_changes_have_the_same_fields() -> None:
    """A change can be made to each field of a structure, and to nothing else; untouched fields are UNSET."""
    assert StructureChanges.__struct_fields__ == Structure.__struct_fields__
    assert all(getattr(StructureChanges(), name) is UNSET for name in Structure.__struct_fields__)
    assert list(StructureChanges().items()) == []


@given(structure=values_of(Structure), changes=values_of(StructureChanges))
def test_a_revision_is_the_structure_with_the_changes(
    structure: Structure, changes: StructureChanges
) -> None:
    """Each changed field has the new value, each other the old one, and an inconsistent result is refused.

    Trades and product lines, and the sums that follow from them, have tests of their own.
    """
    try:
        result = revised(structure, changes)
    except StructureError as refused:
        assert refused.field.partition(".")[0] in Structure.__struct_fields__
        return
    changed = dict(changes.items())
    derived = {*FLAT_FIELDS, *PRODUCT_SUMS, "declined_products"}
    for name in set(Structure.__struct_fields__) - derived - {"trades"}:
        assert getattr(result, name) == changed.get(name, getattr(structure, name))
    check_consistent(result)


def test_setting_to_none_is_a_change_and_leaving_out_is_none() -> None:
    """``null`` clears a field; a field that is not there stays."""
    structure = Structure(rate_bp=BasisPoints(700), term_months=60)
    changes = codec.decode_as(StructureChanges, b'{"rate_bp":null}')
    assert dict(changes.items()) == {"rate_bp": None}
    assert revised(structure, changes) == Structure(term_months=60)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("taxable_fees_cents", {"fees_cents": 100, "taxable_fees_cents": 101}),
        ("taxable_products_cents", {"taxable_products_cents": 1}),
        ("payment_max_cents", {"payment_min_cents": 30_000, "payment_max_cents": 29_999}),
        ("cash_down_max_cents", {"cash_down_cents": 2, "cash_down_max_cents": 1}),
        ("terms_months", {"terms_months": [60, 60]}),
        (
            "first_payment_date",
            {"contract_date": dt.date(2026, 7, 1), "first_payment_date": dt.date(2026, 7, 1)},
        ),
        ("contract_date", {"contract_date": FIRST_DATE - dt.timedelta(1)}),
        ("first_payment_date", {"first_payment_date": LAST_DATE + dt.timedelta(1)}),
        ("payoff_good_through", {"payoff_good_through": dt.date.max}),
        ("payoff_per_diem_cents", {"payoff_per_diem_cents": MAX_PER_DIEM_CENTS + 1}),
        ("first_payment_date", {"contract_date": FIRST_DATE, "first_payment_date": LAST_DATE}),
    ],
)
def test_fields_that_contradict_each_other_are_named(field: str, changes: dict[str, Any]) -> None:
    """A structure that cannot be is refused with the field to mend."""
    with pytest.raises(StructureError, match=f"^{field}: expected") as caught:
        revised(Structure(), StructureChanges(**changes))
    assert caught.value.field == field


def test_the_edges_are_consistent() -> None:
    """Equal minimum and maximum, and the first and last dates, are allowed."""
    check_consistent(
        Structure(
            fees_cents=5,
            taxable_fees_cents=5,
            payment_min_cents=7,
            payment_max_cents=7,
            cash_down_cents=3,
            cash_down_max_cents=3,
            contract_date=LAST_DATE - dt.timedelta(days=MAX_DEFERRAL_DAYS),
            first_payment_date=LAST_DATE,
            payoff_good_through=FIRST_DATE,
            payoff_per_diem_cents=MAX_PER_DIEM_CENTS,
        )
    )


def test_records_do_not_change() -> None:
    """A record is a value: its fields cannot be set."""
    with pytest.raises(AttributeError):
        Structure().fees_cents = 1  # type: ignore[misc]


def test_close_codes_say_whether_a_client_comes_back() -> None:
    """As PROTOCOL lists them."""
    returning = {1001, 1006, 1011, 1012, 4008, 4009}
    assert {int(code) for code in CloseCode if code.reconnect} == returning
    assert {int(code) for code in CloseCode} - returning == {1000, 1007, 1009, 4000, 4001, 4003}


def test_error_codes_say_whether_to_try_again() -> None:
    """Only what may pass by itself is worth the same command again."""
    assert {code for code in ErrorCode if code.retry} == {"rate_limited", "busy", "degraded", "internal"}


@given(number=st.integers(0, 10**6))
def test_a_command_error_carries_its_detail(number: int) -> None:
    """Code, text and detail are kept apart, and its text is for a log."""
    error = CommandError(ErrorCode.CONFLICT, "Someone was faster.", field="fees_cents", newer=number)
    assert error.detail == {"field": "fees_cents", "newer": number}
    assert str(error) == "conflict: Someone was faster."
