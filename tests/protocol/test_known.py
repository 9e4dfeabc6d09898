"""What this release knows of a value that a newer one wrote: unknown fields are left out, at every depth."""

from typing import Any

import msgspec
import pytest
from msgspec import inspect

from protocol import codec
from protocol.codec import FieldError
from protocol.deal.structure import Structure
from protocol.events import MESSAGE_TYPES, SearchStarted
from protocol.jobs import JobPointer, ValueJob
from protocol.known import known_part
from protocol.records import Filters


def added_to(value: Any) -> Any:
    """Return a value with a field more in each of its objects."""
    if isinstance(value, dict):
        return {name: added_to(each) for name, each in value.items()} | {"of_next_year": {"deep": 1}}
    return [added_to(each) for each in value] if isinstance(value, list) else value


def test_terms_lose_only_what_is_unknown() -> None:
    """Also inside the lists of a structure."""
    stored = {
        "discount_cents": 5,
        "trades": [{"id": "a", "allowance_cents": 7}],
        "products": [{"product_id": "gap", "price_cents": 9}],
    }
    assert codec.convert_known(Structure, added_to(stored)) == codec.convert(Structure, stored)


def test_what_is_wrong_is_still_an_error() -> None:
    """A value that does not fit is named, with and without unknown fields beside it."""
    with pytest.raises(FieldError, match="discount_cents"):
        codec.convert_known(Structure, {"discount_cents": "five", "of_next_year": 1})
    with pytest.raises(FieldError, match="makes"):
        codec.decode_known(Filters, b'{"makes": 3, "of_next_year": 1}')


def test_a_client_takes_events_with_more_in_them() -> None:
    """An event of a known type comes as its type."""
    plain = {"type": "search_started", "channel": "deal:1", "seq": 1, "at": "2026-11-30T10:00:00Z"}
    plain |= {"search_id": "s", "deal_version": 1, "estimate": 3, "filters": {"makes": ["Kia"]}}
    plain |= {"sort": "price", "versions": {"inventory": "1", "rates": "2", "tax": "3", "risk": "4"}}
    plain["versions"]["engine"] = "5"
    (event,) = codec.decode_messages(codec.encode(added_to(plain)))
    assert isinstance(event, SearchStarted)
    assert event.filters == Filters(makes=["Kia"])


@pytest.mark.parametrize("kind", [*MESSAGE_TYPES, JobPointer, ValueJob], ids=lambda kind: kind.__name__)
def test_every_message_and_job_is_pruned_to_what_is_known(kind: type[msgspec.Struct]) -> None:
    """No object of it, however deep, keeps a field that its type does not have."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    names = {field.encode_name for field in info.fields} | {info.tag_field}
    value = dict.fromkeys(names - {None}) | {"of_next_year": 1, "type": "x"}
    assert set(known_part(kind, value)) == names - {None}
