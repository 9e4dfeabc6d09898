"""Where a request ends, told from its head: whatever two readers could take differently is a fault."""

import h11
import pytest

from server.web.asgi.heads import ClearHeads, framing_fault

BOTH = "Content-Length and Transfer-Encoding"
FAULTS = [
    pytest.param(("Content-Length: 5", "Transfer-Encoding: chunked"), BOTH, id="both"),
    pytest.param(("transfer-encoding: chunked", "CONTENT-LENGTH: 0"), BOTH, id="both in other cases"),
    pytest.param(("Content-Length: 5", "Content-Length: 5"), "Content-Length", id="the same twice"),
    pytest.param(("Content-Length: 5, 5",), "Content-Length", id="the same twice in one"),
    pytest.param(("Content-Length:\r\n 5",), "header continues", id="folded length"),
    pytest.param(("Transfer-Encoding:\r\n chunked",), "header continues", id="folded coding"),
    pytest.param(("X: y\r\n\tTransfer-Encoding: chunked",), "header continues", id="coding in a fold"),
    pytest.param(("X: y\nTransfer-Encoding: chunked",), "carriage return", id="bare newline"),
]
"""Headers that h11 takes, and a part of what is said of them."""


def head_of(headers: tuple[str, ...], version: str = "1.1") -> bytes:
    """Return the head of a POST."""
    lines = (f"POST /login HTTP/{version}", "Host: localhost", *headers, "", "")
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(("headers", "said"), FAULTS)
def test_faults(headers: tuple[str, ...], said: str) -> None:
    """The message names the header at fault; h11 alone takes the request."""
    head = head_of(headers)
    lenient = h11.Connection(h11.SERVER)
    lenient.receive_data(head)
    assert isinstance(lenient.next_event(), h11.Request)
    assert said in (framing_fault(head, b"1.1") or "")
    strict = ClearHeads()
    strict.receive_data(head + b"0\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with pytest.raises(h11.RemoteProtocolError):
        strict.next_event()
    assert said in (strict.fault or "")


def test_an_old_version_has_no_coding() -> None:
    """HTTP/1.0 knows no Transfer-Encoding: a proxy of that version would send the chunks as they are."""
    assert "HTTP/1.0" in (framing_fault(head_of(("Transfer-Encoding: chunked",), "1.0"), b"1.0") or "")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Content-Length: 5",),
        ("Content-Length:5 ",),
        ("Transfer-Encoding: chunked",),
        ("X-Content-Length: 5", "Transfer-Encoding: chunked"),
        ("X: Content-Length: 5", "Content-Length: 5"),
        ("Accept: a", "Accept: b"),
    ],
)
def test_clear_heads(headers: tuple[str, ...]) -> None:
    """What ends in one way only is taken, one request after another, however it is cut."""
    request = head_of(headers)
    assert framing_fault(request, b"1.1") is None
    if "Transfer-Encoding: chunked" in headers:
        request += b"5\r\nhello\r\n0\r\n\r\n"
    elif any(header.startswith("Content-Length") for header in headers):
        request += b"hello"
    strict = ClearHeads()
    for _ in range(3):
        for place in range(len(request)):
            strict.receive_data(request[place : place + 1])
            if strict.their_state is h11.IDLE:
                assert strict.next_event() is h11.NEED_DATA or strict.their_state is not h11.IDLE
        while not isinstance(strict.next_event(), h11.EndOfMessage):
            pass
        strict.send(h11.Response(status_code=204, headers=[]))
        strict.send(h11.EndOfMessage())
        strict.start_next_cycle()
