"""What the old page did with a deal: asked for it, searched, and asked every second for what is new."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tests.bench.stage import stopwatch

POLL_SECONDS: Final = 1.0


@dataclass(slots=True)
class Opened:
    """A deal as its page saw it: the milliseconds until every offer was there, and what it asked.

    One that was not ``whole`` when it was cut off has some of its offers.
    """

    ms: float = 0.0
    asked: int = 0
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each car, what it costs and is worth: ``events.OFFER_COLUMNS`` without its keys."""

    whole: bool = False


async def open_deal(port: int, deal_id: str, mileage_max: int, seconds: float) -> Opened:
    """Open a deal in a page of its own, and follow it until every match has its offer, or for ``seconds``."""
    elapsed, opened = stopwatch(), Opened()
    found: dict[str, Any] = {"offers": {}}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for found in _polls(opened, port, deal_id, mileage_max):
                opened.whole = not found["pending"]
    opened.ms = elapsed()
    opened.offers = found["offers"]
    return opened


async def _polls(opened: Opened, port: int, deal_id: str, mileage_max: int) -> AsyncIterator[dict[str, Any]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(method: str, path: str) -> Any:
        opened.asked += 1
        head = f"{method} /api/deals/{deal_id}{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
        return await _answer(reader)

    try:
        await ask("GET", "")
        await ask("POST", f"/search?mileage_max={mileage_max}")
        while (found := await ask("GET", "/offers"))["pending"]:
            yield found
            await asyncio.sleep(POLL_SECONDS)
        yield found
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> Any:
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.partition(b"\r\n")[0], head
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    size = next(int(value) for name, _, value in lines if name.lower() == b"content-length")
    return orjson.loads(await reader.readexactly(size))
