"""One deadline for each probe: what hangs is a finding, and never holds the others up."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

CONNECT_SECONDS: Final = 2.0
"""How long a service may take to answer at all."""

PROBE_SECONDS: Final = 3.0
"""How long one probe may take."""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Unknown:
    """The outcome of a probe that failed; ``reason`` is one line. ``is_late`` if no answer came in time."""

    reason: str
    is_late: bool = False


async def within(seconds: float, work: Awaitable[Found]) -> Found | Unknown:
    """Return what ``work`` finds, or why it found nothing within ``seconds``.

    An answer that nobody foresaw ends one probe, and not the examination: the others may show why.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return Unknown(f"no answer within {seconds:g} s", is_late=True)
    except Exception as error:
        return Unknown(reason_of(error))


def reason_of(error: BaseException) -> str:
    """Return what an error says, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if isinstance(error, LookupError) or not text else text
