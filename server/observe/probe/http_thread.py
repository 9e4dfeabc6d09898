"""HTTP on one listening socket, a thread for each caller: for few callers of the same machine."""

import contextlib
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from server.observe.probe.questions import BadQuestion

Answer = Callable[[str], tuple[str, bytes]]
"""Gets a request's target; returns a content type and a body. LookupError is answered by 404."""


def answer_each(listener: socket.socket, answer: Answer, seconds: float) -> None:
    """Answer each caller until ``listener`` is closed. A caller has ``seconds`` to send its request."""

    class Handler(BaseHTTPRequestHandler):
        timeout = seconds
        server_version, sys_version = "deal-architect", ""

        def do_GET(self) -> None:
            try:
                kind, body = answer(self.path)
            except LookupError:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")
            except BadQuestion as error:
                self._send(HTTPStatus.BAD_REQUEST, "text/plain", f"{error}\n".encode())
            except Exception as error:
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", f"{error!r}\n".encode())
            else:
                self._send(HTTPStatus.OK, kind, body)

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "local"

        def log_message(self, format: str, *args: Any) -> None:
            """Callers are not logged: they ask every few seconds."""

    def serve(caller: socket.socket) -> None:
        # A caller that leaves early is no error.
        with caller, contextlib.suppress(OSError):
            Handler(caller, "local", None)  # type: ignore[arg-type]  # it needs no server for HTTP/1.0

    while True:
        try:
            caller, _ = listener.accept()
        except OSError:  # closed
            return
        threading.Thread(target=serve, args=(caller,), name="probe answer", daemon=True).start()
