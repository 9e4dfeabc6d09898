"""How rows of a table are read from a CSV file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import NODEFAULT

from server.database.editions.writing import TableKind
from server.database.importing import amounts
from server.database.importing.amounts import Read
from server.database.importing.contradictions import Contradiction


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and the field it fills; ``absent`` is the value of an empty cell, if one is
    allowed.
    """

    name: str
    field: str
    read: Read
    absent: Any = NODEFAULT


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How to read rows of a kind: ``key`` identifies a row, ``contradictions`` checks one row. ``key_name``
    is what a person calls a key of many columns.
    """

    kind: TableKind
    record: type[msgspec.Struct]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    contradictions: Callable[[Any], Iterator[Contradiction]]
    key_name: str = ""


def columns_of(
    record: type[msgspec.Struct], reads: Mapping[str, Read], more: Mapping[str, Any]
) -> tuple[Column, ...]:
    """Return a column for each field: its name with ``_cents`` left out and ``_bp`` as ``_percent``."""
    defaults = {one.name: one.default for one in msgspec.structs.fields(record)} | dict(more)
    columns = []
    for field, read in reads.items():
        is_share = field.endswith("_bp") or read is amounts.fraction
        stem = field.removesuffix("_cents").removesuffix("_bp")
        columns.append(Column(f"{stem}_percent" if is_share else stem, field, read, defaults[field]))
    return tuple(columns)
