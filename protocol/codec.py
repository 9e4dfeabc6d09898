"""The only place that touches JSON: msgspec decodes and checks, orjson encodes.

A frame holds one or more JSON objects separated by newlines; a message never spans frames.
"""

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import orjson

from protocol.commands import COMMAND_TYPES, AnyCommand, tag_of
from protocol.events import MESSAGE_TYPES, AnyMessage, kind_of
from protocol.known import known_part
from protocol.money.leasing import MoneyFactor
from protocol.records import BasisPoints, Record
from protocol.texts import EXPECTED, LINES, ONE_LINE, echoed

T = TypeVar("T")

COMMAND_TAGS = frozenset(tag_of(command) for command in COMMAND_TYPES)
MESSAGES_BY_TAG = {kind_of(message): message for message in MESSAGE_TYPES}


class ProtocolError(Exception):
    """A frame that no reply can answer: not JSON, not an object, or without an integer ``ref``."""


class InvalidMessage(Exception):
    """A message that has a ``ref`` but does not fit. ``field`` is dotted, or empty for the whole message."""

    def __init__(self, ref: int, field: str, expected: str) -> None:
        super().__init__(ref, field, expected)
        self.ref = ref
        self.field = field
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.field or 'message'}: {self.expected}"


class FieldError(ValueError):
    """Decoded data does not fit its type. ``field`` is dotted, or empty for the whole."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(field, expected)
        self.field = field
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.field}: {self.expected}" if self.field else self.expected


def _decode_extension(kind: type, value: Any) -> Any:
    if kind is BasisPoints:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"Expected a number of basis points, got `{type(value).__name__}`")
        return BasisPoints(value)
    if kind is MoneyFactor:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"Expected a money factor, got `{type(value).__name__}`")
        return MoneyFactor(value)
    raise NotImplementedError(kind)


def _encode_extension(value: Any) -> Any:
    # Two decimals at most, so the shortest float that reads back the same is the number itself.
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value, builtin_types=_ORJSON_TYPES, enc_hook=_encode_extension)
    # orjson encodes contiguous numeric NumPy arrays itself; this handles the others, and those inside
    # structs.
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_ORJSON_TYPES = (uuid.UUID,)
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
_COMMAND_DECODER: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(
    AnyCommand, dec_hook=_decode_extension
)
_MESSAGE_DECODER: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(
    AnyMessage, dec_hook=_decode_extension
)
_PATH = re.compile(r"^(?P<expected>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_NAMED = re.compile(r"^Object (?P<fault>missing required|contains unknown) field `(?P<name>.+)`$", re.DOTALL)
_ECHO = re.compile(r"^(Invalid (?:enum )?value ')(.*)'$", re.DOTALL)
# What msgspec raises for untrusted bytes: its own errors, and those for deep nesting and invalid UTF-8.
_UNDECODABLE = (msgspec.DecodeError, RecursionError, UnicodeError)


def encode(value: Any) -> bytes:
    """Return ``value`` as JSON on one line: structs, NumPy arrays, dates, UUIDs and Decimals too."""
    return orjson.dumps(value, default=_encode_extension, option=_OPTIONS)


def decode(data: bytes | str) -> Any:
    """Return JSON ``data`` as plain values. Raises FieldError if it is not JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise FieldError("", f"expected JSON: {error}") from None


def decode_as(kind: type[T], data: bytes | str) -> T:
    """Return JSON ``data`` as ``kind``. Raises FieldError naming the field that does not fit."""
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_decode_extension)
    except _UNDECODABLE as error:
        raise _field_error(error) from None


def decode_unique(kind: type[T], data: bytes | str) -> T:
    """Return JSON ``data`` as ``kind`` if no object in it has a key twice: of two amounts nobody knows which
    one counts. Raises FieldError naming the key, or the field that does not fit.
    """
    decoded = decode_as(kind, data)
    json.loads(data, object_pairs_hook=_unique)
    return decoded


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(echoed(twice), "Expected this key once, but it appears more than once")
    return members


def convert(kind: type[T], value: Any) -> T:
    """Return plain ``value`` (dicts, lists, numbers, strings) as ``kind``. Raises FieldError."""
    try:
        return msgspec.convert(value, type=kind, dec_hook=_decode_extension)
    except msgspec.ValidationError as error:
        raise _field_error(error) from None


def decode_known(kind: type[T], data: bytes | str) -> T:
    """Return what one of our processes wrote as ``kind``, without the fields that only a newer one knows.

    Raises FieldError naming the field that does not fit.
    """
    try:
        return decode_as(kind, data)
    except FieldError:
        return convert(kind, known_part(kind, decode(data)))


def convert_known(kind: type[T], value: Any) -> T:
    """Return plain ``value``, as ``decode_known`` does. Raises FieldError."""
    try:
        return convert(kind, value)
    except FieldError:
        return convert(kind, known_part(kind, value))


def plain(record: Record | msgspec.Struct) -> dict[str, Any]:
    """Return a struct as a dict of JSON-ready values, fields that are UNSET left out."""
    result: dict[str, Any] = msgspec.to_builtins(record, enc_hook=_encode_extension)
    return result


def split_frame(frame: str | bytes) -> list[str | bytes]:
    """Return the messages of a frame; lines of nothing but JSON's white space are left out."""
    if isinstance(frame, bytes):
        return [line for line in frame.split(b"\n") if line.strip(b" \t\r")]
    return [line for line in frame.split("\n") if line.strip(" \t\r")]


def lines_of(frame: str) -> Iterator[str]:
    """Yield the lines of a frame one by one, blank ones too. A newline at the end begins no other line."""
    at = 0
    while (end := frame.find("\n", at)) >= 0:
        yield frame[at:end]
        at = end + 1
    if at < len(frame) or not frame:
        yield frame[at:]


def is_blank(line: str) -> bool:
    """Return whether a line is nothing but JSON's white space."""
    return not line.strip(" \t\r")


def join_frame(messages: Iterable[bytes]) -> bytes:
    """Return one frame that holds ``messages``."""
    return b"\n".join(messages)


def decode_command(message: str | bytes) -> AnyCommand:
    """Return one command.

    Raises:
        ProtocolError: nothing to reply to.
        InvalidMessage: the command has a ``ref`` but is unknown, or a field is missing, unknown or wrong.
    """
    try:
        return _COMMAND_DECODER.decode(message)
    except _UNDECODABLE as error:
        raise _refusal(message, error) from None


def decode_messages(frame: str | bytes) -> Iterator[AnyMessage | dict[str, Any]]:
    """Yield what a server sent in one frame. A type that this version does not know comes as a plain dict;
    fields that it does not know are left out.

    Raises FieldError if a line is no JSON object, or a known type whose fields do not fit.
    """
    for line in split_frame(frame):
        try:
            yield _MESSAGE_DECODER.decode(line)
        except _UNDECODABLE:
            raw = decode(line)
            if not isinstance(raw, dict):
                raise FieldError("", "expected a JSON object") from None
            kind: Any = MESSAGES_BY_TAG.get(_tag(raw))
            yield raw if kind is None else convert_known(kind, raw)


def _tag(raw: dict[str, Any]) -> str:
    tag = raw.get("type")
    return tag if isinstance(tag, str) else ""


def _refusal(message: str | bytes, error: Exception) -> Exception:
    try:
        raw = orjson.loads(message)
    except orjson.JSONDecodeError:
        return ProtocolError("expected a JSON object")
    ref = raw.get("ref") if isinstance(raw, dict) else None
    if isinstance(ref, bool) or not isinstance(ref, int) or ref < 0:
        return ProtocolError("expected a JSON object with an integer ref")
    if _tag(raw) not in COMMAND_TAGS:
        return InvalidMessage(ref, "type", f"Expected one of {', '.join(sorted(COMMAND_TAGS))}")
    found = _field_error(error)
    return InvalidMessage(ref, found.field, found.expected)


def _field_error(error: Exception) -> FieldError:
    match = _PATH.match(str(error))
    path, expected = (match["path"] or "", match["expected"]) if match else ("", str(error))
    if any(f"regex {pattern!r}" in expected for pattern in (ONE_LINE, LINES)):
        expected = EXPECTED
    # msgspec names a missing or unknown field in the text and its parent in the path.
    named = _NAMED.match(expected)
    if named:
        path = f"{path}.{named['name']}" if path else named["name"]
        expected = "Expected this field" if named["fault"] == "missing required" else "Unknown field"
    return FieldError(echoed(path), _ECHO.sub(lambda found: f"{found[1]}{echoed(found[2])}'", expected))
