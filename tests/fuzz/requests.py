"""Requests by hand, and what every answer must be."""

import json

from tests.fuzz.wire import Target, connected, read_head, request


async def answer(target: Target, data: bytes) -> tuple[int, bytes]:
    """Send bytes and return status and body of the answer; the connection must end or be whole."""
    async with connected(target.port) as wire:
        await wire.send(data)
        head = await read_head(wire)
        assert head.startswith(b"HTTP/1.1 "), (head, data)
        size = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        return int(head[9:12]), b"" if data.startswith(b"HEAD ") else await wire.reader.readexactly(size)


def asked(target: Target, method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """Return a request of a signed-in program."""
    lines = (f"Host: 127.0.0.1:{target.port}", f"Authorization: Bearer {target.token}", *headers)
    if body:
        lines = (*lines, f"Content-Length: {len(body)}")
    return request(method, path, *lines) + body


def check_body(status: int, body: bytes) -> None:
    """Check that the body of a refusal is an error as the API states it."""
    error = json.loads(body)["error"]
    assert set(error) == {"code", "message", "retry", "detail"}, (status, error)
    assert error["message"]
