"""Hypothesis strategies for every type of ``protocol/``, read off the types themselves.

A field that is added to a message is drawn from then on without a change here.
"""

import datetime as dt
import functools
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec import inspect as shape

from protocol.money.leasing import MoneyFactor
from protocol.records import BasisPoints
from protocol.texts import without_unseen

SAFE_INTEGER = 2**53 - 1
"""The widest integer that a browser holds exactly."""

basis_points = st.integers(0, 1_000_000).map(lambda hundredths: BasisPoints(Decimal(hundredths) / 100))
"""Every value there is."""

utc_times = st.datetimes(
    dt.datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
_text = st.characters(codec="utf-8", exclude_characters="\x00")
_printed = st.characters(codec="utf-8", exclude_categories=("Cc",)).filter(without_unseen)
_json_leaves = (
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | st.text(_text, max_size=8)
)
plain_json = st.recursive(
    _json_leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(_text, max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@functools.cache
def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values that ``kind``, a type of the protocol, accepts."""
    return _of(shape.type_info(kind))


def _of(info: shape.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911, PLR0912 - one case per kind of type
    match info:
        case shape.StructType():
            fields = {field.name: _field(field) for field in info.fields}
            return st.fixed_dictionaries(fields).map(lambda drawn, cls=info.cls: _build(cls, drawn))
        case shape.UnionType():
            return st.one_of(*(_of(part) for part in info.types))
        case shape.StrType(pattern=pattern) if pattern and pattern.startswith("^(deal|desk"):
            return st.from_regex(r"\A(deal|desk|deals):[A-Za-z0-9_-]{1,40}\Z")
        case shape.StrType(pattern=pattern) if pattern and pattern.startswith("^("):
            return st.sampled_from(pattern[2:-2].split("|"))
        case shape.StrType(pattern=pattern):
            alphabet = _printed if pattern else _text
            return st.text(alphabet, min_size=info.min_length or 0, max_size=min(info.max_length or 20, 20))
        case shape.IntType():
            low = -SAFE_INTEGER if info.ge is None else info.ge
            return st.integers(low, SAFE_INTEGER if info.le is None else info.le)
        case shape.BoolType():
            return st.booleans()
        case shape.FloatType():
            low, high = info.ge if info.gt is None else info.gt, info.le if info.lt is None else info.lt
            return st.floats(
                low,
                high,
                exclude_min=info.gt is not None,
                exclude_max=info.lt is not None,
                allow_nan=False,
                allow_infinity=False,
            )
        case shape.NoneType():
            return st.none()
        case shape.EnumType():
            return st.sampled_from(list(info.cls))
        case shape.DateType():
            return st.dates()
        case shape.DateTimeType():
            return utc_times
        case shape.UUIDType():
            return st.uuids()
        case shape.CustomType() if info.cls is BasisPoints:
            return basis_points
        case shape.ListType():
            return st.lists(
                _of(info.item_type), min_size=info.min_length or 0, max_size=min(info.max_length or 3, 3)
            )
        case shape.VarTupleType():
            return st.lists(_of(info.item_type), max_size=min(info.max_length or 3, 3)).map(tuple)
        case shape.TupleType():
            return st.tuples(*(_of(item) for item in info.item_types))
        case shape.DictType():
            return st.dictionaries(st.text(_text, max_size=8), _of(info.value_type), max_size=3)
        case shape.AnyType():
            return plain_json
        case shape.CustomType() if info.cls is MoneyFactor:
            return st.integers(0, 50_000).map(lambda units: units / 1_000_000)
    raise NotImplementedError(info)


def _field(field: shape.Field) -> st.SearchStrategy[Any]:
    drawn = _of(field.type)
    return drawn if field.required else st.just(UNSET) | drawn


def _build(cls: type[msgspec.Struct], drawn: dict[str, Any]) -> msgspec.Struct:
    # UNSET here means "left out", which for a field with another default is that default.
    return cls(**{name: value for name, value in drawn.items() if value is not UNSET})
