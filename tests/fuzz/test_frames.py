"""Frames that break RFC 6455, or only look odd: the right close code, or the connection goes on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.hub.sockets.limits import FRAMES
from tests.fuzz.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RESET,
    TEXT,
    Target,
    connected,
    frame,
    opened,
    read_head,
)

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

FRAME_BYTES = 64 * 1024
PING_COMMAND = b'{"type":"ping","ref":1}'


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param(frame(TEXT, b"x", reserved=4), 1002, id="first reserved bit"),
        pytest.param(frame(TEXT, b"x", reserved=2), 1002, id="second reserved bit"),
        pytest.param(frame(TEXT, b"x", reserved=1), 1002, id="third reserved bit"),
        *(pytest.param(frame(code, b"x"), 1002, id=f"opcode {code}") for code in (3, 7, 11, 15)),
        pytest.param(frame(TEXT, PING_COMMAND, masked=False), 1002, id="unmasked"),
        pytest.param(frame(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(frame(PONG, b"x" * 126), 1002, id="long pong"),
        pytest.param(frame(PING, b"x", fin=False), 1002, id="ping in parts"),
        pytest.param(frame(CLOSE, b"x"), 1002, id="close with one byte"),
        pytest.param(frame(CLOSE, b"\x03\xed"), 1002, id="close with a code that is never sent"),
        pytest.param(frame(CLOSE, b"\x03\xe8\xff"), 1007, id="close whose reason is no UTF-8"),
        pytest.param(frame(CLOSE, b"\x03\xe8"), 1000, id="close"),
        pytest.param(frame(CLOSE), 1005, id="close without a code"),
        pytest.param(frame(CONTINUATION, b"x"), 1002, id="continuation of nothing"),
        pytest.param(frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002, id="text within text"),
        pytest.param(frame(BINARY, PING_COMMAND), 4000, id="binary"),
        pytest.param(frame(TEXT, b'{"\xff":1}'), 1007, id="no UTF-8"),
        pytest.param(frame(TEXT, b"\xed\xa0\x80"), 1007, id="a surrogate as UTF-8"),
        pytest.param(frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b""), 1007, id="half a character"),
        pytest.param(frame(TEXT, claims=FRAME_BYTES + 1), 1009, id="one byte too many"),
        pytest.param(frame(TEXT, claims=2**40), 1009, id="a tebibyte"),
        pytest.param(frame(TEXT, claims=2**63 - 1), 1009, id="the longest there is"),
        pytest.param(
            frame(TEXT, b"x" * 40_000, fin=False) + frame(CONTINUATION, b"x" * 40_000), 1009, id="two halves"
        ),
    ],
)
async def test_what_the_close_code_says(target: Target, frames: bytes, code: int) -> None:
    """Each breach has its code; text that is no UTF-8 ends with 1007, what is too long with 1009."""
    async with opened(target) as wire:
        await wire.send(frames)
        assert await wire.closed() == code


async def test_parts_of_a_message(target: Target) -> None:
    """A command in one-byte parts works, with pings and empty parts between them."""
    async with opened(target) as wire:
        parts = [frame(TEXT, PING_COMMAND[:1], fin=False)]
        for byte in PING_COMMAND[1:]:
            parts += [frame(CONTINUATION, bytes([byte]), fin=False), frame(PING, b"?")]
            parts += [frame(CONTINUATION, fin=False)] * 50
        await wire.send(*parts, frame(CONTINUATION))
        reply = await wire.answer(1)
        assert not isinstance(reply, int)
        assert reply["ok"]
        assert wire.pongs == len(PING_COMMAND) - 1
        assert await wire.works()


async def test_a_message_without_end(target: Target) -> None:
    """Parts that never end are cut off at the size of a frame."""
    async with opened(target) as wire:
        await wire.send(frame(TEXT, b'"', fin=False))
        for _ in range(FRAME_BYTES // 1024 + 1):
            await wire.send(frame(CONTINUATION, b"x" * 1024, fin=False))
        assert await wire.closed() in {1009, RESET}


async def test_the_largest_frame(target: Target) -> None:
    """A frame of exactly the limit is read, whole and in small parts."""
    command = PING_COMMAND + b" " * (FRAME_BYTES - len(PING_COMMAND))
    parts = [command[at : at + 64] for at in range(0, FRAME_BYTES, 64)]
    first, last = frame(TEXT, parts[0], fin=False), frame(CONTINUATION, parts[-1])
    async with opened(target) as wire:
        await wire.say(command)
        assert not isinstance(await wire.answer(1), int)
        await wire.send(first, *(frame(CONTINUATION, part, fin=False) for part in parts[1:-1]), last)
        assert not isinstance(await wire.answer(1), int)
        assert await wire.works()


@pytest.mark.parametrize(
    "early", [frame(PING), frame(CLOSE), frame(TEXT, b"\xff"), b"\xff" * 64, frame(TEXT, PING_COMMAND)]
)
async def test_frames_before_the_handshake_is_answered(target: Target, early: bytes) -> None:
    """Whoever does not wait for the answer still gets the answer first."""
    async with connected(target.port) as wire:
        await wire.send(target.handshake())
        await wire.send(early)
        head = await read_head(wire)
        assert head.startswith(b"HTTP/1.1 101 ")


async def test_a_client_that_goes_at_once(target: Target) -> None:
    """Who hangs up during the handshake leaves nothing behind."""
    for _ in range(20):
        async with connected(target.port) as wire:
            await wire.send(target.handshake())
    async with opened(target) as wire:
        assert await wire.works()


@settings(max_examples=60)
@given(data=st.binary(min_size=1, max_size=300))
async def test_bytes_in_place_of_frames(target: Target, data: bytes) -> None:
    """Whatever bytes come, the connection ends by a code of the protocol or goes on."""
    async with opened(target) as wire:
        await wire.send(data, frame(CLOSE, b"\x03\xe8"))
        wire.writer.write_eof()
        assert await wire.closed() in {1000, 1002, 1005, 1007, 1009, 4000, RESET} | set(range(3000, 5000))


@settings(max_examples=60)
@given(data=st.binary(max_size=300))
async def test_bytes_as_text_and_binary(target: Target, data: bytes) -> None:
    """A frame of any bytes: binary is refused, so is text that is no UTF-8 or no JSON object."""
    async with opened(target) as wire:
        await wire.send(frame(BINARY, data))
        assert await wire.closed() == 4000
    try:
        data.decode()
        expected = 4000 if data.strip(b" \t\r\n") else None
    except UnicodeDecodeError:
        expected = 1007
    async with opened(target) as wire:
        await wire.say(data)
        if expected is None:
            assert await wire.works()
        else:
            assert await wire.closed() == expected


async def test_more_pings_than_a_client_reads(target: Target) -> None:
    """Pings within the limit are answered or dropped; who then reads finds the connection in order."""
    async with opened(target) as wire:
        await wire.send(*[frame(PING, b"x" * 125)] * (FRAMES - 100))
        assert await wire.works()


async def test_many_commands_in_frames(target: Target) -> None:
    """Beyond the rate each command is refused; at three times the rate the connection ends."""
    async with opened(target) as wire:
        lines = [json.dumps({"type": "ping", "ref": ref}) for ref in range(1_000)]
        await wire.say("\n".join(lines))
        limited = await wire.answer(60)
        assert not isinstance(limited, int)
        assert limited["error"]["code"] == "rate_limited"
        assert await wire.closed() == 4009
