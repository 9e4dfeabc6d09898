"""What programs of the tests say."""

import asyncio

GUARD_SECONDS = 60.0


async def says(program: asyncio.subprocess.Process, text: str) -> None:
    """Wait until a program says something on standard error. What it said before that is read, too."""
    assert program.stderr is not None
    read: list[str] = []
    async with asyncio.timeout(GUARD_SECONDS):
        async for line in program.stderr:
            read.append(line.decode())
            if text in read[-1]:
                return
    raise AssertionError(f"it ended, and never said {text!r}: {''.join(read)}")
