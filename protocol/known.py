"""What this release knows of a value that a newer one wrote.

While releases are mixed, an event, a job or a stored deal may have fields that this process does not know. A
client's command with such a field is refused; in all else they are left out.
"""

from functools import cache
from typing import Any

from msgspec import inspect


def known_part(kind: Any, value: Any) -> Any:
    """Return plain ``value`` without the fields that ``kind`` does not have, at every depth."""
    return _known(_described(kind), value)


@cache
def _described(kind: Any) -> inspect.Type:
    # It takes longer than all the rest, and while releases are mixed every job needs it.
    return inspect.type_info(kind)


def _known(info: inspect.Type, value: Any) -> Any:
    match info:
        case inspect.StructType() if isinstance(value, dict):
            fields = {field.encode_name: field.type for field in info.fields}
            kept = {name: _known(fields[name], each) for name, each in value.items() if name in fields}
            if info.tag_field in value:
                kept[info.tag_field] = value[info.tag_field]
            return kept
        case inspect.DictType() if isinstance(value, dict):
            return {key: _known(info.value_type, each) for key, each in value.items()}
        case inspect.ListType() | inspect.VarTupleType() if isinstance(value, list):
            return [_known(info.item_type, each) for each in value]
        case inspect.TupleType() if isinstance(value, list) and len(value) == len(info.item_types):
            return [_known(one, each) for one, each in zip(info.item_types, value, strict=True)]
        case inspect.UnionType():
            fitting = [one for one in info.types if _fits(one, value)]
            return _known(fitting[0], value) if len(fitting) == 1 else value
    return value


def _fits(info: inspect.Type, value: Any) -> bool:
    """Return whether a part of a union is the one for a value, as far as its shape tells."""
    match info:
        case inspect.StructType():
            return isinstance(value, dict) and (
                info.tag_field is None or value.get(info.tag_field) == info.tag
            )
        case inspect.DictType():
            return isinstance(value, dict)
        case inspect.ListType() | inspect.VarTupleType() | inspect.TupleType():
            return isinstance(value, list)
    return False
