"""The product as `make run` starts it, on a free port and data of its own."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.services import free_port

START_SECONDS = 120
STOP_SECONDS = 30


@asynccontextmanager
async def open_product() -> AsyncIterator[str]:
    """Run ``up`` in a temporary folder until the block ends; give its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        # What root starts runs under another account.
        await asyncio.to_thread(Path(folder).chmod, 0o755)
        up = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "server", "up", "--port", str(port), "--data-dir", folder),
            env={**os.environ, "DEAL_STORES_APART": "0"},
        )
        try:
            url = f"http://127.0.0.1:{port}"
            async with httpx.AsyncClient() as client, asyncio.timeout(START_SECONDS):
                while not await _answers(client, url):
                    if up.returncode is not None:
                        raise RuntimeError(f"`up` ended with {up.returncode}")
                    await asyncio.sleep(0.2)
            yield url
        finally:
            if up.returncode is None:
                up.terminate()
            await asyncio.wait_for(up.wait(), STOP_SECONDS)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).is_success
    except httpx.TransportError:
        return False
