"""The database erases every text of an event that goes, under whatever key it is held."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec.inspect as types
import pytest

from protocol import codec
from protocol.deal.agreed import Contract, Proposal
from protocol.deal.presenting import Acceptance, Presentation
from protocol.deal.structure import Structure
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.privacy.test_fields import ERASED, STORED

pytestmark = pytest.mark.flow

ROLES = ["customer"]
DEEPEST = 12


def samples(kind: Any, owner: str = "", field: str = "", depth: int = 0) -> Iterator[Any]:
    """Yield JSON values of a type, in which each text says whose field it is; of a union, each kind."""
    match kind:
        case types.StructType() if depth < DEEPEST:
            fields = {
                one.encode_name: list(samples(one.type, kind.cls.__name__, one.name, depth + 1))
                for one in kind.fields
            }
            tag = {kind.tag_field: kind.tag} if kind.tag_field else {}
            for turn in range(max((len(each) for each in fields.values()), default=1)):
                yield tag | {name: each[turn % len(each)] for name, each in fields.items() if each}
        case types.UnionType():
            for one in kind.types:
                if not isinstance(one, types.NoneType):
                    yield from samples(one, owner, field, depth)
        case types.ListType() | types.VarTupleType() | types.SetType():
            yield list(samples(kind.item_type, owner, field, depth))
        case types.TupleType():
            yield [next(samples(one, owner, field, depth), None) for one in kind.item_types]
        case types.DictType():
            values = samples(kind.value_type, owner, field, depth)
            yield {f"key{no}": value for no, value in zip(count(), values)}
        case types.StrType() | types.AnyType():
            yield f"<{owner}.{field}>"
        case types.EnumType():
            names = [each.value for each in kind.cls]
            yield from ROLES if set(ROLES) <= set(names) else names[:1]
        case types.IntType() | types.FloatType() | types.DecimalType():
            yield 1
        case types.BoolType():
            yield True


async def test_no_text_that_goes_is_left(stocked: Settings) -> None:
    """One value of each event and of each document of a deal, with every field set, through the function."""
    documents = [
        codec.encode(sample).decode()
        for kind in (*STORED, Structure, Proposal, Contract, Acceptance, Presentation)
        for sample in samples(types.type_info(kind))
    ]
    told = {f"<{owner}.{field}>" for owner, field in ERASED}
    assert {text for text in told if any(text in each for each in documents)} == told
    async with connect_as_owner(stocked.database_owner_url) as owner:
        left = await owner.fetch(
            "SELECT given->>'type' AS type, word FROM unnest($1::jsonb[]) AS given"
            " CROSS JOIN unnest($2::text[]) AS word"
            " WHERE strpos(without_person(given)::text, word) > 0",
            [codec.decode(each) for each in documents],
            sorted(told),
        )
    assert [tuple(row) for row in left] == []
