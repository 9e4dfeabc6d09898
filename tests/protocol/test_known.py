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

MOST_DEPTH = 20


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


def sample_of(info: inspect.Type, *, more: bool, depth: int = 0) -> Any:
    """Return a plain value of a type with all its parts; of a choice, one that has parts of its own.

    With ``more`` each record has a field of a newer release.
    """
    match info:
        case inspect.StructType():
            assert depth < MOST_DEPTH, "a type that has itself as a part"
            kept = {one.encode_name: sample_of(one.type, more=more, depth=depth + 1) for one in info.fields}
            tag = {info.tag_field: info.tag} if info.tag_field else {}
            return kept | tag | ({"of_next_year": {"deep": 1}} if more else {})
        case inspect.ListType() | inspect.VarTupleType():
            return [sample_of(info.item_type, more=more, depth=depth + 1)] * 2
        case inspect.TupleType():
            return [sample_of(one, more=more, depth=depth + 1) for one in info.item_types]
        case inspect.DictType():
            return {"key": sample_of(info.value_type, more=more, depth=depth + 1)}
        case inspect.UnionType():
            parts = [sample_of(one, more=more, depth=depth + 1) for one in info.types]
            return next((part for part in parts if isinstance(part, dict | list)), None)
    return None


@pytest.mark.parametrize("kind", [*MESSAGE_TYPES, JobPointer, ValueJob], ids=lambda kind: kind.__name__)
def test_every_message_and_job_is_pruned_to_what_is_known(kind: type[msgspec.Struct]) -> None:
    """No object of it, however deep, keeps a field that its type does not have."""
    info = inspect.type_info(kind)
    assert known_part(kind, sample_of(info, more=True)) == sample_of(info, more=False)


def test_parts_of_a_tuple_are_pruned() -> None:
    """Each by its own type; one of another length is left as it is, for the error."""

    class Part(msgspec.Struct):
        """A record."""

        a: int

    kind = tuple[int, Part]
    assert known_part(kind, [1, {"a": 2, "b": 3}]) == [1, {"a": 2}]
    assert known_part(kind, [1]) == [1]
