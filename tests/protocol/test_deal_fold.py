"""The fold of events into a deal, by the cases that the TypeScript client runs as well."""

import json
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol import codec
from protocol.commands import tag_of
from protocol.deal_fold import applied
from protocol.events import EVENT_TYPES, DealSnapshot, Event

VECTORS = Path(__file__).parent / "vectors" / "deal_fold"
PARTS = json.loads((VECTORS / "parts.json").read_text())
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(VECTORS.glob("*.json"))
    if file.name != "parts.json"
    for case in json.loads(file.read_text())
]


def resolved(value: Any) -> Any:
    """Return a value with its parts in place and its long texts written out."""
    if isinstance(value, str) and value.startswith("@"):
        return resolved(PARTS[value[1:]])
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"times", "of"}:
            return value["of"] * value["times"]
        return {name: resolved(each) for name, each in value.items()}
    return value


def turn(value: Any, number: int) -> Any:
    """Return an event, or a part of one, for the given turn of its repetition."""
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, dict):
        return {
            name: each + number if name == "version" else turn(each, number) for name, each in value.items()
        }
    return value


def events_of(case: dict[str, Any]) -> list[Event]:
    """Return the events of a case as a client decodes them."""
    told: list[dict[str, Any]] = []
    for each in resolved(case["events"]):
        told += (
            [turn(each["event"], number) for number in range(each["repeat"])] if "repeat" in each else [each]
        )
    envelope = {"channel": "deal:d", "at": "2026-11-28T08:00:00Z"}
    decoded = [
        codec.decode_messages(json.dumps({**envelope, "seq": seq, **event}))
        for seq, event in enumerate(told, 1)
    ]
    return [event for messages in decoded for event in messages if isinstance(event, Event)]


@pytest.mark.parametrize("case", CASES)
def test_a_case(case: dict[str, Any]) -> None:
    """The deal after the events is the one that the case says, and their versions are applied once."""
    begun = resolved(case["deal"]) | resolved(case.get("with", {}))
    events = events_of(case)
    after = reduce(applied, events, codec.convert(DealSnapshot, begun))
    for name, (first, count) in case.get("kept", {}).items():
        kept = getattr(after, name)
        assert (kept[0].id, len(kept)) == (first, count)
        begun.pop(name)
    expected = codec.convert(DealSnapshot, begun | resolved(case.get("changed", {})))
    bounded = {name: getattr(expected, name) for name in case.get("kept", {})}
    assert msgspec.structs.replace(after, **bounded) == expected
    assert {name for name in case.get("absent", ()) if getattr(after, name) is not msgspec.UNSET} == set()
    assert reduce(applied, (event for event in events if hasattr(event, "version")), after) == after


def test_every_event_has_a_case() -> None:
    """An event that is added needs a case, also where it changes nothing of the deal."""
    told = {type(event) for case in CASES for event in events_of(case.values[0])}  # type: ignore[arg-type]
    assert {tag_of(kind) for kind in EVENT_TYPES if kind not in told} == set()  # type: ignore[arg-type]
