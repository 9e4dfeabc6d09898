"""Commands that do not fit: each is refused with the field at fault, or ends the connection by 4000."""

import itertools
import json
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import codec
from protocol.closing import ErrorCode
from protocol.commands import COMMAND_TYPES, Command, Ping, Revalue, tag_of
from protocol.deal.workflow import Reason
from server.hub.sockets.limits import COMMANDS
from tests.fuzz.wire import Message, Target, Wire, opened
from tests.protocol.strategies import values_of

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

OURS_AT_FAULT = {ErrorCode.INTERNAL, ErrorCode.DEGRADED}
strange = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 2**31, 2**53, 2**63, 2**64, 10**30, -(10**30), 0.5, -0.0, 1e308, 5e-324]),
    st.sampled_from(["", " ", "\0", "\U0010ffff", "é" * 80, "x" * 5_000, "deal:", "desk:x", "0x1"]),
    st.sampled_from(["deal:..", "deal:" + "x" * 75, "2026-02-30", "9999-12-31T23:59:59Z", "0001-01-01"]),
    st.text(max_size=20),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=4),
    st.sampled_from([{}, {"a": 1}, {"": {}}, [[]], [{}], [0] * 600, {"cash_down_cents": "1"}]),
)


def written(value: Any) -> str:
    """Return JSON as a client may write it, lone surrogates escaped."""
    return json.dumps(value)


@st.composite
def mutations(draw: st.DrawFn) -> Message:
    """Return a command of which one field, at any depth, is strange, missing or too many."""
    kind = draw(st.sampled_from(COMMAND_TYPES))
    command: Message = json.loads(codec.encode(draw(values_of(kind))))
    at = command
    while nested := [value for value in at.values() if isinstance(value, dict) and value]:
        if draw(st.booleans()):
            break
        at = draw(st.sampled_from(nested))
    name = draw(st.sampled_from([*(name for name in at if name not in {"ref", "type"}), "more"]))
    if draw(st.booleans()):
        at[name] = draw(strange)
    else:
        at.pop(name, None)
    return command


def aimed(command: Message, target: Target) -> Message:
    """Return a command about a deal and car that are there, where it names any."""
    channel = command.get("channel")
    if isinstance(channel, str) and channel.startswith("deal:") and len(channel) < 46:
        command["channel"] = target.channel
    if isinstance(command.get("vehicle_id"), str) and command["vehicle_id"].isalnum():
        command["vehicle_id"] = target.vehicle
    return command


def check_refusal(reply: Message) -> None:
    """Check that an error is the client's own and says what to do about it."""
    error = reply["error"]
    assert error["code"] not in OURS_AT_FAULT, reply
    assert error["message"]
    if error["code"] == ErrorCode.INVALID:
        assert isinstance(error["detail"].get("field"), str), reply


async def ask(wire: Wire, command: Message, ref: int) -> None:
    """Send a command with ``ref``; it is done, or refused as it should be."""
    command["ref"] = ref
    await wire.say(written(command))
    reply = await wire.answer(ref)
    assert not isinstance(reply, int), (reply, command)
    if not reply["ok"]:
        check_refusal(reply)


@settings(max_examples=150)
@given(commands=st.lists(mutations(), min_size=1, max_size=10))
async def test_strange_fields(target: Target, commands: list[Message]) -> None:
    """A command with a strange field is refused by name, and the next good command works."""
    async with opened(target) as wire:
        for ref, command in enumerate(commands):
            await ask(wire, aimed(command, target), ref)
        assert await wire.works()


@pytest.mark.parametrize("kind", COMMAND_TYPES, ids=tag_of)
async def test_every_field_of_every_command(target: Target, kind: type[Command]) -> None:
    """Each field of a command takes only its own type: the refusal names it."""
    fields = [field for field in msgspec.structs.fields(kind) if field.name != "ref"]
    wrong = [
        {field.name: value}
        for field in fields
        # A flag takes true, and no number.
        for value in (1 if field.type is bool else True, [[]], {"": 0})
    ] + [{"more": 1}]
    assert len(wrong) < COMMANDS
    async with opened(target) as wire:
        for ref, field in enumerate(wrong):
            await refused(wire, {"type": tag_of(kind), **needed(kind), **field}, ref, *field)
    async with opened(target) as wire:
        for ref, name in enumerate(needed(kind)):
            given_fields = {key: value for key, value in needed(kind).items() if key != name}
            await refused(wire, {"type": tag_of(kind), **given_fields}, ref, name)
        assert await wire.works()


async def refused(wire: Wire, command: Message, ref: int, field: str) -> None:
    """Send a command and check that it is refused for ``field``."""
    await wire.say(written({**command, "ref": ref}))
    reply = await wire.answer(ref)
    assert not isinstance(reply, int), (reply, command)
    assert not reply["ok"], (reply, command)
    assert reply["error"]["code"] == ErrorCode.INVALID
    detail = reply["error"]["detail"]
    assert detail["field"].split(".")[0].split("[")[0] == field, (detail, command)
    assert detail["expected"]


def needed(kind: type[Command]) -> Message:
    """Return a value for each field that a command must have."""
    values: Message = {
        "channel": f"deal:{uuid.UUID(int=0)}", "op": str(uuid.uuid4()), "view": "manager", "version": 0,
        "changes": {}, "search_id": "s", "token": "t", "vehicle_id": "1", "field": "tier",
        "reason": next(iter(Reason)),
        "text": "x", "stage": "all_offers", "ms": 1, "lender": "l", "status": "approved",
        "stipulation_id": "s", "task_id": "t", "scenario_id": "s",
    }  # fmt: skip
    required = {field.name for field in msgspec.structs.fields(kind) if field.required} - {"ref"}
    if kind is Revalue:
        values["vehicle_id"] = ["1"]
    return {name: value for name, value in values.items() if name in required}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("[" * 5_000 + "]" * 5_000, id="deep lists"),
        pytest.param('{"a":' * 5_000 + "1" + "}" * 5_000, id="deep objects"),
        pytest.param("[" * 60_000, id="deep and never closed"),
        pytest.param('{"type":"ping","ref":NaN}', id="NaN"),
        pytest.param('{"type":"ping","ref":Infinity}', id="Infinity"),
        pytest.param('{"type":"ping","ref":-1}', id="negative ref"),
        pytest.param('{"type":"ping","ref":1.5}', id="ref that is no integer"),
        pytest.param('{"type":"ping","ref":true}', id="ref that is a truth"),
        pytest.param('{"type":"ping","ref":' + "9" * 5_000 + "}", id="ref of thousands of digits"),
        pytest.param('{"type":"ping","ref":1e999}', id="ref beyond floats"),
        pytest.param('{"type":"ping","ref":"1"}', id="ref that is text"),
        pytest.param('{"type":"ping","ref":1}}', id="one brace too many"),
        pytest.param('{"type":"ping","ref":1,}', id="trailing comma"),
        pytest.param('{"type":"pi\x01ng","ref":1}', id="control character"),
        pytest.param('{"type":"ping","ref":1,"a":' + "9" * 5_000 + "}", id="number of thousands of digits"),
        pytest.param('{"type":"ping","ref":1,"a":1e99999}', id="number beyond floats"),
        pytest.param('"ping"', id="text"),
        pytest.param("null", id="null"),
        pytest.param("\ufeff{}", id="byte order mark"),
        pytest.param("\u00a0", id="a space that is none of JSON's"),
    ],
)
async def test_what_no_reply_can_answer(target: Target, line: str) -> None:
    """No object, or no ref to answer to: 4000."""
    async with opened(target) as wire:
        await wire.say(line)
        assert await wire.closed() == 4000


@pytest.mark.parametrize(
    ("line", "field"),
    [
        pytest.param('{"type":"dance","ref":7}', "type", id="unknown command"),
        pytest.param('{"ref":7}', "type", id="no type"),
        pytest.param('{"type":7,"ref":7}', "type", id="type that is a number"),
        pytest.param('{"type":"Ping","ref":7}', "type", id="another case"),
        pytest.param('{"type":"ping","ref":7,"' + "x" * 60_000 + '":1}', None, id="long key"),
        pytest.param('{"type":"ping","ref":7,"\\u0000":1}', None, id="key of a NUL"),
        pytest.param('{"type":"ping","ref":7,"` - at `$.a`":1}', None, id="key that looks like a path"),
        pytest.param('{"type":"ping","ref":7,"a":' + "[" * 500 + "]" * 500 + "}", "a", id="deep field"),
        pytest.param('{"type":"leave","ref":7,"channel":"room:1"}', "channel", id="unknown channel"),
        pytest.param('{"type":"leave","ref":7,"channel":"deal:"}', "channel", id="channel without a name"),
        pytest.param('{"type":"leave","ref":7,"channel":"deal:\\n"}', "channel", id="newline in a channel"),
        pytest.param('{"type":"leave","ref":9007199254740992,"channel":"deal:1"}', "ref", id="large ref"),
    ],
)
async def test_what_a_reply_answers(target: Target, line: str, field: str | None) -> None:
    """An object with a ref is answered, by an error that names the field; the connection goes on."""
    async with opened(target) as wire:
        await wire.say(line)
        reply = await wire.next()
        assert not isinstance(reply, int)
        assert reply["error"]["code"] == ErrorCode.INVALID
        if field is not None:
            assert reply["error"]["detail"]["field"] == field
        assert reply["error"]["detail"]["expected"]
        assert await wire.works()


async def test_lone_surrogates_and_repeated_keys(target: Target) -> None:
    """JSON that some parsers take and others do not is answered either way, and harms nothing."""
    note = {"type": "note", "ref": 1, "channel": target.channel, "op": str(uuid.uuid4())}
    for text in ("\\ud800", "\\udc00\\ud800", "\\ud83d\\ude00"):
        async with opened(target) as wire:
            await wire.say(written(note)[:-1] + f',"text":"{text}"}}')
            reply = await wire.answer(1)
            if isinstance(reply, int):
                assert reply == 4000
            else:
                assert reply["ok"] or reply["error"]["code"] == ErrorCode.INVALID
    async with opened(target) as wire:
        await wire.say('{"type":"ping","type":"ping","ref":5,"ref":1}')
        reply = await wire.answer(1)
        assert not isinstance(reply, int)
        assert await wire.works()


async def test_channels_that_are_not_there(target: Target) -> None:
    """Nothing is told of what is not there, whatever its name looks like."""
    names = ["deal:1", "deal:" + "0" * 32, f"deal:{uuid.uuid4()}", "deal:" + "_" * 75, "desk:nowhere"]
    kinds = [kind for kind in COMMAND_TYPES if kind is not Ping]
    # A connection may not send all of them at once.
    for name, some in itertools.product(names, (kinds[::2], kinds[1::2])):
        async with opened(target) as wire:
            for ref, kind in enumerate(some):
                await wire.say(written({"type": tag_of(kind), "ref": ref, **needed(kind), "channel": name}))
                reply = await wire.answer(ref)
                assert not isinstance(reply, int)
                if tag_of(kind) != "leave":
                    assert reply["error"]["code"] in {"not_found", "forbidden", "invalid"}, (reply, name)
            assert await wire.works()
