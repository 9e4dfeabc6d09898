"""Autobahn's cases of RFC 6455, by kosoku, against the endpoint's protocol and the Python client.

Both keep their own settings and limits. Left out are the cases that these make meaningless: compression
(12 and 13), which we never offer, messages above the limit of a frame (9.1 to 9.6, but those that are not
larger), which are to be refused with 1009, and 9.7 and 9.8, which measure the time of 12,000 messages.
"""

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import pytest
from kosoku import FailureError, run_fuzzingclient, run_fuzzingserver
from websockets.exceptions import ConnectionClosed

from client.connection import MAX_RECEIVED_FRAME_BYTES, dial
from server.hub.sockets.limits import FRAME_BYTES
from tests.web.served import GUARD_SECONDS, serving

CASES: Final = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
OF_64_KIB: Final = ("9.1.1", "9.2.1")
OF_4_MIB: Final = ("9.1.4", "9.2.4", "9.3.9", "9.4.9", "9.5.6", "9.6.6")
ABOVE_64_KIB: Final = ("9.1.2", "9.2.2", "9.3.9", "9.4.9", "9.5.1", "9.6.1")
ABOVE_4_MIB: Final = ("9.1.5", "9.2.5")
AT_ONCE: Final = 8
SECONDS: Final = 10

EXPECTED_FAILURES: Final = {
    "7.1.5": "a close frame amid a fragmented message: the websockets library, beneath uvicorn and our client"
    " alike, takes the message for cut short and answers 1002 in the place of 1000",
}
"""The cases that fail, each with the reason. One that passes fails the test: then its line goes."""


class Side(Enum):
    """Who is tested."""

    ENDPOINT = "endpoint"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What kosoku says about one case."""

    passed: bool
    close_code: int | None
    said: str


async def echo(_scope: Any, receive: Any, send: Any) -> None:
    """Send each message back, as text or bytes, until the client leaves."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        content = {kind: message[kind] for kind in ("text", "bytes") if message.get(kind) is not None}
        await send({"type": "websocket.send", **content})


async def ask_endpoint(*cases: str) -> dict[str, Verdict]:
    """Run cases against the protocol of the endpoint."""
    async with serving(echo) as (port, _):
        try:
            results = await run_fuzzingclient(f"ws://127.0.0.1:{port}", cases, concurrency=AT_ONCE)
        except FailureError as failed:
            results = failed.results
    return verdicts(results)


async def ask_client(*cases: str) -> dict[str, Verdict]:
    """Run cases against the socket of the Python client."""
    async with run_fuzzingserver(cases, port=0) as server:
        address = f"ws://127.0.0.1:{server.port}"
        count = int((await converse(f"{address}/getCaseCount"))[0])
        turns = asyncio.Semaphore(AT_ONCE)

        async def run_case(number: int) -> None:
            async with turns:
                await converse(f"{address}/runCase?case={number}&agent=deal-architect", answer=True)

        async with asyncio.TaskGroup() as running:
            for number in range(1, count + 1):
                running.create_task(run_case(number))
        await converse(f"{address}/updateReports?agent=deal-architect")
        try:
            results = await server.get_result()
        except FailureError as failed:
            results = failed.results
    return verdicts(results)


async def converse(address: str, *, answer: bool = False) -> list[str | bytes]:
    """Read until the server closes, and return the messages, or send each back in their place."""
    messages = []
    try:
        async with dial(address, "token", SECONDS) as wire:
            async for message in wire:
                if answer:
                    await wire.send(message)
                else:
                    messages.append(message)
    except ConnectionClosed:
        pass  # A case that breaks the protocol ends so.
    return messages


def verdicts(results: Any) -> dict[str, Verdict]:
    """Return the verdicts by case."""
    return {
        each.case_id: Verdict(
            each.passed,
            each.remote_close_code,
            f"{each.behavior.value}, {each.behavior_close.value}: {each.result} {each.result_close}",
        )
        for each in results
    }


ASK: Final = {Side.ENDPOINT: ask_endpoint, Side.CLIENT: ask_client}
WITHIN: Final = {Side.ENDPOINT: OF_64_KIB, Side.CLIENT: OF_64_KIB + OF_4_MIB}
ABOVE: Final = {Side.ENDPOINT: ABOVE_64_KIB, Side.CLIENT: ABOVE_4_MIB}


@pytest.mark.parametrize("side", Side)
async def test_cases_of_autobahn(side: Side) -> None:
    """All that apply pass, but for the expected failures, which fail."""
    async with asyncio.timeout(GUARD_SECONDS):
        found = await ASK[side](*CASES, *WITHIN[side])
    assert len(found) == 247 + len(WITHIN[side])
    failed = {case: verdict.said for case, verdict in found.items() if not verdict.passed}
    assert failed.keys() == EXPECTED_FAILURES.keys(), failed


@pytest.mark.parametrize("side", Side)
async def test_a_message_above_the_limit_is_refused(side: Side) -> None:
    """Whole or in fragments, a larger message closes the connection with 1009, too big."""
    assert (FRAME_BYTES, MAX_RECEIVED_FRAME_BYTES) == (64 * 1024, 4 * 1024 * 1024)
    async with asyncio.timeout(GUARD_SECONDS):
        found = await ASK[side](*ABOVE[side])
    assert {case: verdict.close_code for case, verdict in found.items()} == dict.fromkeys(ABOVE[side], 1009)
