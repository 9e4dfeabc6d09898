"""HTTP requests that do not fit: always a 4xx that says why, never a 500."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.requests import answer, asked, check_body
from tests.fuzz.wire import Target, connected, read_head

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

PATHS = ("/", "/login", "/logout", "/api/deals", "/api/deals/1/audit", "/api/customers", "/deals/1")
OPEN_PATHS = ("/healthz", "/readyz", "/metrics", "/assets/x", "/ws", "/nowhere")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")

header_text = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60
)


@pytest.mark.parametrize("method", METHODS)
async def test_each_method_on_each_route(target: Target, method: str) -> None:
    """A method that a route does not know is a 4xx with our error in it."""
    for path in PATHS + OPEN_PATHS:
        status, body = await answer(target, asked(target, method, path))
        assert status < 500, (method, path, status)
        if status in {404, 405} and method != "HEAD":
            check_body(status, body)


@settings(max_examples=80)
@given(body=st.binary(max_size=200) | st.text(max_size=50).map(lambda text: json.dumps(text).encode()))
async def test_bodies_of_anything(target: Target, body: bytes) -> None:
    """A new deal of any bytes is refused by name; a form of any bytes signs nobody in."""
    status, answered = await answer(target, asked(target, "POST", "/api/deals", body=body or b"{"))
    assert status == 422
    check_body(status, answered)
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
    ):
        for path in ("/login", "/logout"):
            status, _ = await answer(target, asked(target, "POST", path, f"Content-Type: {kind}", body=body))
            assert 400 <= status < 500, (kind, path, status)


@pytest.mark.parametrize(
    "body",
    [
        '{"customer_id":"\\u0000"}',
        '{"customer_id":"\\ud800"}',
        '{"customer_id":""}',
        '{"customer_id":1e400}',
        '{"customer_id":"' + "x" * 65 + '"}',
        '{"customer_id":"x","structure":' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"customer_id":"x","structure":{"cash_down_cents":' + "9" * 400 + "}}",
        '{"customer_id":"x","structure":{"cash_down_cents":NaN}}',
    ],
)
async def test_new_deals_that_do_not_fit(target: Target, body: str) -> None:
    """What no customer's id or structure can be is refused, and is no fault of ours."""
    status, answered = await answer(target, asked(target, "POST", "/api/deals", body=body.encode()))
    assert status in {404, 422}, answered
    check_body(status, answered)


async def test_forms_that_are_too_large(target: Target) -> None:
    """Many fields, long fields and whole files are refused."""
    many = b"&".join(b"a=1" for _ in range(5_000))
    long = b"login=" + b"x" * 5_000_000
    part = b'--x\r\nContent-Disposition: form-data; name="login"; filename="f"\r\n\r\ny\r\n--x--\r\n'
    long_part = part.replace(b'; filename="f"', b"").replace(b"y", b"y" * 100_000)
    form, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
    for kind, body in ((form, many), (form, long), (multipart, part), (multipart, long_part)):
        for path in ("/login", "/logout"):
            status, _ = await answer(target, asked(target, "POST", path, f"Content-Type: {kind}", body=body))
            assert 400 <= status < 500, (kind, path, status)
    status, answered = await answer(target, asked(target, "POST", "/api/deals", body=b" " * 300_000))
    assert status == 413
    check_body(status, answered)


@settings(max_examples=80)
@given(text=st.text(max_size=30), cookie=header_text)
async def test_queries_paths_and_cookies(target: Target, text: str, cookie: str) -> None:
    """Whatever a query, path or cookie holds, the answer is an answer."""
    word = quote(text.encode("utf-8", "surrogatepass"), safe="")
    for path in (
        f"/api/deals?after={word}",
        f"/api/deals?limit={word}",
        f"/api/deals?{word}",
        f"/api/customers?q={word}",
        f"/api/deals/{word}/audit",
        f"/api/deals/1/audit?format={word}",
        f"/deals/{word}",
        f"/login?next={word}",
        f"/assets/{word}",
        f"/{word}",
    ):
        cookies = f"Cookie: deal_session={cookie}; deal_csrf={cookie}"
        status, _ = await answer(target, asked(target, "GET", path, cookies))
        assert status < 500, (path, cookie, status)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/..%2f..%2f..%2fpyproject.toml",
        "/assets/..%5c..%5cpyproject.toml",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/%00",
        "/assets/index.html%00.png",
        "/assets/" + "a" * 5_000,
        "/assets/" + "a/" * 3_000,
        "/api/deals/%00/audit",
        "/api/deals/..%2f1/audit",
        "/api/deals/" + "a" * 5_000 + "/audit",
    ],
)
async def test_paths_that_lead_outside(target: Target, path: str) -> None:
    """Nothing but the client's own files is served, and a path that is no path is a 404."""
    status, body = await answer(target, asked(target, "GET", path))
    assert 400 <= status < 500, (status, body)
    check_body(status, body)
    assert b"root:" not in body
    assert b"[project]" not in body


@pytest.mark.parametrize(
    "after", ["%00", "x", "-1", "9" * 400, "0,0", "2026-13-01T00:00:00Z,x", "%ff", "|", "1|1"]
)
async def test_positions_that_are_none(target: Target, after: str) -> None:
    """A position that no answer gave is refused by name."""
    status, body = await answer(target, asked(target, "GET", f"/api/deals?after={after}"))
    assert status == 400
    check_body(status, body)
    assert json.loads(body)["error"]["detail"]["field"] == "after"


@pytest.mark.parametrize("query", ["%00", "%25%00", "%ff%fe", "%F0%9F%98%80", "%25", "_", "%5C", "x" * 5_000])
async def test_customers_by_odd_names(target: Target, query: str) -> None:
    """A name that nobody has finds nobody; what no name can hold is refused."""
    status, body = await answer(target, asked(target, "GET", f"/api/customers?q={query}"))
    assert status == (400 if "%00" in query else 200), body


@settings(max_examples=60)
@given(data=st.binary(min_size=1, max_size=200))
async def test_bytes_in_place_of_requests(target: Target, data: bytes) -> None:
    """Whatever bytes come, the answer is a 400 or none."""
    async with connected(target.port) as wire:
        await wire.send(data, b"\r\n\r\n")
        wire.writer.write_eof()
        head = await read_head(wire)
        assert head == b"" or head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))


async def test_a_body_that_stops_half_way(target: Target) -> None:
    """A client that goes in the middle of its body is nobody's fault."""
    for path in ("/api/deals", "/login"):
        for _ in range(5):
            async with connected(target.port) as wire:
                headers = ("Content-Length: 1000", "Content-Type: application/x-www-form-urlencoded")
                await wire.send(asked(target, "POST", path, *headers), b"half")
    status, _ = await answer(target, asked(target, "GET", "/healthz"))
    assert status == 200
