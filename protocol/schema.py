"""Generate this vocabulary for other languages: TypeScript types, AsyncAPI 3 and OpenAPI 3.1.

``python -m protocol.schema`` writes the files; ``--check`` writes nothing and exits 1 if one is stale.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping
from enum import EnumType
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import inspect

from protocol.closing import CloseCode, ErrorBody, ErrorCode
from protocol.commands import COMMAND_TYPES, DEFAULT_HOURS, DEFAULT_MATCHES, MAX_HOURS, MAX_MATCHES, Command
from protocol.commands.desk import MAX_NOTE_CHARACTERS
from protocol.commands.store import PeopleList
from protocol.deal.agreed import GUARDED, HistoryPage, LenderEffectReply
from protocol.deal.presenting import (
    KEPT_ACCEPTANCES,
    KEPT_LINKS,
    MAX_LINKS,
    MAX_SHOWN,
    OfferSession,
    PresentationReply,
    ShareReply,
)
from protocol.deal.structure import Structure
from protocol.deal.workflow import (
    CREDIT_REASONS,
    EDITABLE,
    LIVE_STATUSES,
    MAX_REASONS,
    SELECTABLE,
    STEPS,
    TRANSITIONS,
    Action,
    Closing,
    Step,
    Transition,
)
from protocol.deal_fold import KEPT_NOTES, KEPT_NOTES_BYTES, KEPT_TASKS, NOTE_BYTES
from protocol.documents.asyncapi import asyncapi, summary_of
from protocol.documents.openapi import openapi
from protocol.events import (
    EVENT_TYPES,
    FIRST_LATE_CHUNK,
    MATCH_COLUMNS,
    MESSAGE_TYPES,
    OFFER_COLUMNS,
    JoinReply,
    Snapshot,
    kind_of,
)
from protocol.finding import FindReply
from protocol.http import DealBegun, DealList, Found, SecurityEventList
from protocol.money.menu import ProductsReply
from protocol.money.quotes import FrontierReply, QuoteReply
from protocol.records import MAX_BASIS_POINTS, MAX_CENTS, BasisPoints, DayCount

ROOT = Path(__file__).resolve().parent.parent
TYPESCRIPT = ROOT / "client" / "web" / "src" / "wire.ts"
ASYNCAPI = ROOT / "docs" / "asyncapi.json"
OPENAPI = ROOT / "docs" / "openapi.json"

# What the messages hold as plain objects, and so do not name in their own types.
EXTRA_TYPES: tuple[type, ...] = (
    JoinReply,
    Snapshot,
    QuoteReply,
    FrontierReply,
    FindReply,
    Found,
    DealList,
    DealBegun,
    PeopleList,
    SecurityEventList,
    ProductsReply,
    ErrorBody,
    HistoryPage,
    LenderEffectReply,
    PresentationReply,
    ShareReply,
    OfferSession,
)
EXTRA_ENUMS: tuple[EnumType, ...] = (ErrorCode, DayCount, Action, Closing)


def main(arguments: list[str] | None = None) -> int:
    """Write or check the generated files. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m protocol.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    check = parser.parse_args(arguments).check
    stale = [path for path, text in generated().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is stale: run python -m protocol.schema", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(generated()[path])
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


def generated() -> Mapping[Path, str]:
    """Return the text of each generated file by its path."""
    return {
        TYPESCRIPT: typescript(),
        ASYNCAPI: json.dumps(asyncapi(EXTRA_TYPES, _extension_schema), indent=2) + "\n",
        OPENAPI: json.dumps(openapi(_extension_schema), indent=2) + "\n",
    }


# TypeScript -----------------------------------------------------------------------------------------------


def typescript() -> str:
    """Return the types and constants of the wire as one TypeScript module."""
    types = [*COMMAND_TYPES, *MESSAGE_TYPES, *EXTRA_TYPES, Structure]
    structs, enums = _reachable(types)
    blocks = [
        "// Generated from protocol/ by `python -m protocol.schema`. Do not edit.",
        *(_constant(name, value) for name, value in _constants().items()),
        *(_enum(enum) for enum in sorted({*enums, *EXTRA_ENUMS}, key=lambda enum: enum.__name__)),
        *(_interface(struct) for struct in structs),
        _union("AnyCommand", COMMAND_TYPES),
        _union("AnyEvent", EVENT_TYPES),
        _union("AnyMessage", MESSAGE_TYPES),
    ]
    return "\n\n".join(blocks) + "\n"


def _constants() -> dict[str, object]:
    return {
        "MAX_CENTS": MAX_CENTS,
        "MAX_BASIS_POINTS": int(MAX_BASIS_POINTS),
        "MAX_MATCHES": MAX_MATCHES,
        "DEFAULT_MATCHES": DEFAULT_MATCHES,
        "MATCH_COLUMNS": list(MATCH_COLUMNS),
        "OFFER_COLUMNS": list(OFFER_COLUMNS),
        "FIRST_LATE_CHUNK": FIRST_LATE_CHUNK,
        "EVENT_TYPES": [kind_of(event) for event in EVENT_TYPES],
        "TRANSITIONS": {action: _plain(transition) for action, transition in TRANSITIONS.items()},
        "STEPS": {closing: _plain(step) for closing, step in STEPS.items()},
        "CREDIT_REASONS": list(CREDIT_REASONS),
        "MAX_REASONS": MAX_REASONS,
        "EDITABLE": list(EDITABLE),
        "SELECTABLE": list(SELECTABLE),
        "GUARDED": list(GUARDED),
        "LIVE_STATUSES": list(LIVE_STATUSES),
        "MAX_NOTE_CHARACTERS": MAX_NOTE_CHARACTERS,
        "KEPT_NOTES": KEPT_NOTES,
        "KEPT_NOTES_BYTES": KEPT_NOTES_BYTES,
        "NOTE_BYTES": NOTE_BYTES,
        "KEPT_TASKS": KEPT_TASKS,
        "KEPT_LINKS": KEPT_LINKS,
        "KEPT_ACCEPTANCES": KEPT_ACCEPTANCES,
        "MAX_SHOWN": MAX_SHOWN,
        "MAX_LINKS": MAX_LINKS,
        "MAX_HOURS": MAX_HOURS,
        "DEFAULT_HOURS": DEFAULT_HOURS,
        "CLOSE_CODES": {
            code.value: {"name": code.name.lower(), "reconnect": code.reconnect} for code in CloseCode
        },
    }


def _plain(rule: Transition | Step) -> dict[str, Any]:
    return {each.name: getattr(rule, each.name) for each in dataclasses.fields(rule)}


def _constant(name: str, value: object) -> str:
    return f"export const {name} = {json.dumps(value)} as const;"


def _reachable(types: Iterable[type]) -> tuple[list[type], set[EnumType]]:
    """Return the structs in ``types`` and their parts, each once and parts first, and the enums."""
    structs: dict[type, None] = {}
    enums: set[EnumType] = set()

    def visit(found: inspect.Type) -> None:
        match found:
            case inspect.StructType(cls=cls, fields=fields) if cls not in structs:
                for field in fields:
                    visit(field.type)
                structs[cls] = None
            case inspect.EnumType(cls=enum):
                enums.add(cast(EnumType, enum))
            case inspect.UnionType(types=members):
                for member in members:
                    visit(member)
            case inspect.ListType(item_type=item):
                visit(item)
            case inspect.DictType(value_type=value):
                visit(value)
            case _:
                pass

    for kind in types:
        visit(inspect.type_info(kind))
    return list(structs), enums


def _interface(kind: type) -> str:
    info = cast(inspect.StructType, inspect.type_info(kind))
    lines = [f"/** {summary_of(kind)} */", f"export interface {kind.__name__} {{"]
    if info.tag is not None:
        lines.append(f'  type: "{info.tag}";')
    lines += [
        f"  {field.encode_name}{'?' if _optional(kind, field) else ''}: {_type(field.type)};"
        for field in info.fields
    ]
    return "\n".join([*lines, "}"])


def _optional(kind: type, field: inspect.Field) -> bool:
    # A field without any default may be absent: it is UNSET, or hidden in a view. One with a default is
    # always there in what the server sends, unless its type leaves defaults out, and may be left out of what
    # a client sends.
    if field.required:
        return False
    if cast(type[msgspec.Struct], kind).__struct_config__.omit_defaults:
        return True
    unset = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
    return unset or issubclass(kind, Command)


def _type(found: inspect.Type) -> str:  # noqa: PLR0911 - one line for each kind of type
    match found:
        case inspect.StructType(cls=cls):
            return cls.__name__
        case inspect.EnumType(cls=enum):
            return enum.__name__
        case inspect.UnionType(types=members):
            return " | ".join(_type(member) for member in members)
        case inspect.ListType(item_type=item):
            inner = _type(item)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case inspect.DictType(value_type=value):
            return f"Record<string, {_type(value)}>"
        case inspect.CustomType(cls=cls) if cls is BasisPoints:
            return "number"
        case inspect.IntType() | inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "boolean"
        case inspect.NoneType():
            return "null"
        case inspect.StrType() | inspect.DateTimeType() | inspect.DateType() | inspect.UUIDType():
            return "string"
        case inspect.AnyType():
            return "unknown"
        case _:
            raise TypeError(f"no TypeScript for {found}")


def _enum(enum: EnumType) -> str:
    values: list[str] = [member.value for member in cast(Iterable[Any], enum)]
    return "\n".join(
        [
            f"/** {summary_of(enum)} */",
            f"export const {enum.__name__} = {json.dumps(values)} as const;",
            f"export type {enum.__name__} = (typeof {enum.__name__})[number];",
        ]
    )


def _union(name: str, kinds: Iterable[type]) -> str:
    return f"export type {name} =\n" + "\n".join(f"  | {kind.__name__}" for kind in kinds) + ";"


def _extension_schema(kind: type) -> dict[str, Any]:
    if kind is BasisPoints:
        return {"type": "number", "minimum": 0, "maximum": int(MAX_BASIS_POINTS), "multipleOf": 0.01}
    raise NotImplementedError(kind)


if __name__ == "__main__":
    sys.exit(main())
