"""The check of an event's shape, which other tests rely on, finds what it is for."""

from typing import Any

import pytest

from protocol import codec
from tests.protocol.shapes import unknown_fields

BY = {"id": "u1", "name": "Ann", "role": "salesperson"}
NOTE = {
    "type": "note_added",
    "channel": "deal:1",
    "seq": 1,
    "at": "2026-11-28T12:00:00Z",
    "id": "1",
    "text": "Hi",
    "by": BY,
}


def test_a_known_shape_has_nothing_unknown() -> None:
    """All of its fields are its record's."""
    assert unknown_fields(NOTE) == []


@pytest.mark.parametrize(
    ("more", "unknown"),
    [({"colour": "red"}, ["colour"]), ({"by": BY}, []), ({"version": 3}, ["version"])],
)
def test_an_unknown_field_is_named(more: dict[str, Any], unknown: list[str]) -> None:
    """Whatever it holds."""
    assert unknown_fields({**NOTE, **more}) == unknown


def test_an_unknown_field_is_found_in_the_depth() -> None:
    """In a part of the event whose own record lets unknown fields pass."""
    wanted = {"by": "Ann", "deal_id": "1", "colour": "red"}
    car = {"vehicle_id": "1", "rev": 1, "status": "available", "price_cents": 1, "wanted_by": [wanted]}
    envelope = {"type": "vehicle_changed", "channel": "deal:1", "seq": 1, "at": "2026-11-28T12:00:00Z"}
    assert unknown_fields({**envelope, **car}) == ["wanted_by.colour"]


def test_a_value_of_another_type_is_refused() -> None:
    """As clients would refuse it."""
    with pytest.raises(codec.FieldError, match="text"):
        unknown_fields({**NOTE, "text": 3})
