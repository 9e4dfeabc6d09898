"""Heads of requests that do not fit: methods, cookies, tokens, lengths, handshakes."""

import asyncio

import pytest

from tests.fuzz.requests import answer
from tests.fuzz.wire import GUARD_SECONDS, Target, connected, read_head, request

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: -1",),
        ("Content-Length: x",),
        ("Content-Length: 1", "Content-Length: 2"),
        ("Content-Length: 99999999999999999999999",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Bad header",),
        (" folded: x",),
        ("x" * 70_000 + ": y",),
        ("X: " + "y" * 70_000,),
        *((f"Host: {host}",) for host in ("a:b", "[", "x\\y", "a b", "a/b?c#d", "\xff")),
    ],
)
async def test_heads_that_do_not_fit(target: Target, headers: tuple[str, ...]) -> None:
    """Lengths that contradict themselves, lines that are no headers, heads without end: 4xx."""
    host = () if headers[0].startswith("Host") else ("Host: localhost",)
    for path in ("/", "/login", "/api/customers"):
        head = request("POST" if "Length" in headers[0] else "GET", path, *host, *headers)
        status, _ = await answer(target, head + b"0\r\n\r\n")
        assert status < 500, (headers, path, status)


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Content-Length: 5"),
        ("Content-Length: 5, 5",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Content-Length: 5_0",),
        ("Content-Length:\r\n 5",),
        ("Content-Length : 5",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: identity", "Content-Length: 5"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Transfer-Encoding:\r\n chunked",),
        ("X: y\nTransfer-Encoding: chunked",),
        ("X: y\rTransfer-Encoding: chunked",),
    ],
)
async def test_requests_whose_end_is_unclear(target: Target, headers: tuple[str, ...]) -> None:
    """What two readers could take differently is refused with 400, and nothing behind it is served."""
    behind = request("GET", "/healthz", "Host: localhost")
    for path in ("/healthz", "/login", "/ws"):
        async with connected(target.port) as wire:
            head = request("POST", path, "Host: localhost", *headers)
            await wire.send(head + b"0\r\n\r\n" + behind)
            assert (await read_head(wire)).startswith(b"HTTP/1.1 400 "), path
            try:
                async with asyncio.timeout(GUARD_SECONDS):
                    rest = await wire.reader.read(-1)
            except OSError:
                rest = b""
            assert b"HTTP/1.1" not in rest, path


@pytest.mark.parametrize(
    "text", [r'"\012"', r'"\000"', '"\\303\\251"', "a=b=c", "=", ";;;", '"', "é", "\\", "x" * 4_000, "a,b"]
)
async def test_cookies_that_are_none(target: Target, text: str) -> None:
    """A cookie that our pages never set is no cookie: the page comes, or asks for sign-in."""
    host = f"Host: 127.0.0.1:{target.port}"
    for path in ("/", "/login"):
        cookies = f"Cookie: deal_session={text}; deal_csrf={text}"
        status, _ = await answer(target, request("GET", path, host, cookies))
        assert status in {200, 303}, (path, status)
    form = "Content-Type: application/x-www-form-urlencoded"
    head = request("POST", "/login", host, form, f"Cookie: deal_csrf={text}", "Content-Length: 12")
    assert (await answer(target, head + b"csrf_token=%"))[0] == 403


@pytest.mark.parametrize("token", ["\xff", "x" * 10_000, "\x01", "a b c", "'", "%00"])
async def test_tokens_that_are_none(target: Target, token: str) -> None:
    """A token that nobody was given is unknown, over HTTP and on the socket."""
    host = f"Host: 127.0.0.1:{target.port}"
    status, _ = await answer(target, request("GET", "/api/deals", host, f"Authorization: Bearer {token}"))
    assert status in {400, 401}
    upgrade = target.handshake().replace(target.token.encode(), token.encode("latin-1"))
    status, _ = await answer(target, upgrade)
    assert status in {400, 401}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: short"),
        ("Sec-WebSocket-Key", "X-Key"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12"),
        ("Sec-WebSocket-Version: 13", "X: y"),
        ("Sec-WebSocket-Protocol: deal.v1", "Sec-WebSocket-Protocol: chat"),
        ("Sec-WebSocket-Protocol: deal.v1", "Sec-WebSocket-Protocol: ,,;"),
        ("GET /ws", "POST /ws"),
        ("GET /ws", "GET /nowhere"),
        ("GET /ws", "GET /api/deals"),
        ("GET /ws", "GET /ws?%00"),
        ("HTTP/1.1", "HTTP/1.0"),
    ],
)
async def test_handshakes_that_do_not_fit(target: Target, old: str, new: str) -> None:
    """A handshake with a fault is a 4xx, or is none at all."""
    status, _ = await answer(target, target.handshake().replace(old.encode(), new.encode(), 1))
    assert status < 500, status
