"""The mapping file: which table holds which kind of rows, and under which names. TOML, and all of it
optional.

Without a file, the tables are ``deal_architect.stock``, ``.customers``, ``.loans`` and ``.payments``, and
each column is called as its field.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from protocol.texts import echoed
from server.warehouse.errors import LayoutError
from server.warehouse.fields import FIELDS_OF, What

SCHEMA: Final = "deal_architect"
UPDATED_AT, DELETED_AT, STORE = "updated_at", "deleted_at", "store"
_NAMES: Final = ("table", "id", UPDATED_AT, DELETED_AT, STORE)
_TABLES: Final = ("columns", "constants", "stores")
TIMES: Final = ("timestamp without time zone", "timestamp with time zone")
TEXTS: Final = ("character varying", "character", "text")
KEYS: Final = ("smallint", "integer", "bigint", "numeric", "uuid", *TEXTS)
BOOLEAN: Final = "boolean"
_OTHER_NAMES: Final = {
    "varchar": TEXTS[0],
    "nvarchar": TEXTS[0],
    "char": TEXTS[1],
    "bpchar": TEXTS[1],
    "timestamp": TIMES[0],
    "timestamptz": TIMES[1],
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "decimal": "numeric",
    "bool": BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """One section of the file. ``columns`` is field to column where the names differ; ``stores`` is a value
    of the store's column to one of our stores. ``named`` are the options that the file states.
    """

    what: What
    schema: str
    table: str
    id: str
    updated_at: str = UPDATED_AT
    deleted_at: str = DELETED_AT
    store: str = STORE
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    named: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The table's name for a person."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the warehouse: its name and type, as the catalogue has them."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the warehouse whose columns were found: ``fields`` is field to column."""

    mapped: Mapped
    id: Column
    updated_at: Column
    deleted_at: Column | None
    store: Column | None
    fields: Mapping[str, Column]

    @property
    def what(self) -> What:
        """The kind of its rows."""
        return self.mapped.what


def read_layout(path: Path | None) -> dict[What, Mapped]:
    """Return each kind's section of a mapping file; without a file, the defaults. Raises LayoutError."""
    found: dict[str, Any] = {}
    if path is not None:
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LayoutError(str(path), f"a file that can be read ({error})") from None
        except tomllib.TOMLDecodeError as error:
            raise LayoutError(str(path), f"TOML ({error})") from None
    where = "the mapping file" if path is None else str(path)
    _only(where, found, tuple(What))
    return {what: _section(where, what, found.get(what, {})) for what in What}


def find_table(mapped: Mapped, columns: Collection[Column]) -> Table:
    """Return the table with the columns that it has. Raises LayoutError, which names table and column."""
    known = {column.name: column for column in columns}
    if not known:
        raise LayoutError(mapped.name, "a table or view that the warehouse's user may read")

    def needed(name: str, option: str, types: tuple[str, ...] = ()) -> Column:
        if name not in known:
            raise LayoutError(f"{mapped.name}.{name}", f"a column for {option}; the table has {_list(known)}")
        if types and known[name].type not in types:
            raise LayoutError(f"{mapped.name}.{name}", f"{_list(types, 'or')}, found {known[name].type}")
        return known[name]

    wanted = FIELDS_OF[mapped.what]
    fields: dict[str, Column] = {}
    for name in wanted.known:
        column = mapped.columns.get(name, name)
        if name in mapped.columns or (name in wanted.required and name not in mapped.constants):
            fields[name] = needed(column, f"the field {name}")
        elif column in known and name not in mapped.constants:
            fields[name] = known[column]
    if wanted.either and not any(name in fields or name in mapped.constants for name in wanted.either):
        raise LayoutError(f"{mapped.name}.{wanted.either[0]}", f"a column for {_list(wanted.either, 'or')}")
    is_marked = DELETED_AT in mapped.named or mapped.deleted_at in known
    return Table(
        mapped,
        needed(mapped.id, "the key (id)", KEYS),
        needed(mapped.updated_at, UPDATED_AT, TIMES),
        needed(mapped.deleted_at, DELETED_AT) if is_marked and wanted.of_stores else None,
        needed(mapped.store, "the store") if wanted.of_stores else None,
        fields,
    )


def type_of(text: str) -> str:
    """Return the name of a type as PostgreSQL's catalogue has it, without a length: a late-binding view of
    Redshift has ``varchar(20)``.
    """
    name = " ".join(re.sub(r"\(.*?\)", " ", text.lower()).split())
    return _OTHER_NAMES.get(name, name)


def _section(where: str, what: What, found: Any) -> Mapped:
    where = f"{where}, [{what}]"
    if not isinstance(found, dict):
        raise LayoutError(where, "a table")
    _only(where, found, (*_NAMES, *_TABLES))
    names = {name: value for name, value in found.items() if name in _NAMES}
    for name, value in names.items():
        if not isinstance(value, str) or not value:
            raise LayoutError(f"{where} {name}", "a name in quotes")
    texts: dict[str, Mapping[str, str]] = {name: found.get(name, {}) for name in _TABLES}
    for name, table in texts.items():
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise LayoutError(f"{where} {name}", "names with texts in quotes")
    for name in ("columns", "constants"):
        _only(f"{where} {name}", texts[name], FIELDS_OF[what].known)
    schema, _, table_name = names.pop("table", f"{SCHEMA}.{what}").rpartition(".")
    return Mapped(
        what,
        schema or "public",
        table_name,
        id=names.get("id", FIELDS_OF[what].id),
        updated_at=names.get(UPDATED_AT, UPDATED_AT),
        deleted_at=names.get(DELETED_AT, DELETED_AT),
        store=names.get(STORE, STORE),
        columns=texts["columns"],
        constants=texts["constants"],
        stores=texts["stores"],
        named=frozenset(names),
    )


def _only(where: str, found: Mapping[str, Any], known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            raise LayoutError(f"{where} {echoed(name)}", f"one of {', '.join(known)}")


def _list(names: Collection[str], last: str = "and") -> str:
    *most, end = names
    return f"{', '.join(most)} {last} {end}" if most else end
