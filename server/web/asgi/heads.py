"""Request heads that two parsers may read differently are refused before anything is served.

If a proxy and this server disagree on where a request ends, one client's bytes can start another client's
request (request smuggling). h11 tolerates some input that RFC 9112 lets a server tolerate. Here it is an
error.
"""

import re
from typing import Any, Final

import h11

HEAD_BYTES: Final = 16 * 1024
_NAME: Final = re.compile(rb"^([^\s:]+):", re.MULTILINE)
_FOLDED: Final = re.compile(rb"\n[ \t]")
_BARE_NEWLINE: Final = re.compile(rb"(?<!\r)\n")
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*[0-9]+[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


def framing_fault(head: bytes, version: bytes) -> str | None:
    """Return why a request's end is ambiguous, from its head; None if it is clear.

    The message names the header and what was expected.
    """
    names = [name.lower() for name in _NAME.findall(head)]
    if _FOLDED.search(head):
        return "A header continues on the next line; expected each header on one line."
    if _BARE_NEWLINE.search(head):
        return "A line ends without a carriage return; expected CR LF at the end of each line."
    lengths, codings = names.count(b"content-length"), names.count(b"transfer-encoding")
    if lengths and codings:
        return "Content-Length and Transfer-Encoding: expected one of them, not both."
    if lengths > 1 or (lengths and not _LENGTH.search(head)):
        return "Content-Length: expected once, as one number."
    if codings and version == b"1.0":
        return "Transfer-Encoding: HTTP/1.0 has none; expected Content-Length."
    return None


class ClearHeads(h11.Connection):
    """h11's server connection, which also refuses a request with an ambiguous end."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, HEAD_BYTES)
        self.fault: str | None = None

    def next_event(self) -> Any:
        """Return the next event.

        Raises h11.RemoteProtocolError; ``fault`` has the reason if h11 itself found none.
        """
        waiting = self.trailing_data[0] if self.their_state is h11.IDLE else b""
        event = super().next_event()
        if isinstance(event, h11.Request):
            # h11 has merged repeated headers: only the raw bytes show them.
            head = waiting[: len(waiting) - len(self.trailing_data[0])]
            self.fault = framing_fault(head, event.http_version)
            if self.fault is not None:
                raise h11.RemoteProtocolError(self.fault)
        return event
