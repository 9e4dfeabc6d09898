"""The probe of a process: a thread that answers on a Unix socket, whatever the event loop does.

It serves ``/vitals`` (JSON), ``/metrics`` (the Prometheus text format) and ``/profile?seconds=N&hz=100``
(collapsed stacks). Only the account that runs the process, and root, can open the socket.
"""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from server.observe.probe import places
from server.observe.probe.questions import path_of, profile_of
from server.observe.probe.stacks import collapsed, profile

CALLER_SECONDS: Final = 5.0
"""How long one caller may take to send its request."""

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

log = structlog.get_logger("probe")


class Probe:
    """Answers at ``data_dir``'s socket for this process from ``start`` until ``close``.

    ``vitals`` returns JSON; ``metrics`` returns the text format. Both are called in threads of the probe.
    """

    def __init__(
        self,
        kind: str,
        data_dir: Path,
        *,
        vitals: Callable[[], dict[str, Any]],
        metrics: Callable[[], bytes],
    ) -> None:
        self._place = places.place_of(places.probe_folder(data_dir), kind, os.getpid())
        self._vitals = vitals
        self._metrics = metrics
        self._listener: socket.socket | None = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to answer, in threads. A process that cannot is logged and goes on without its probe."""
        threading.Thread(target=self._serve, name="probe", daemon=True).start()

    def close(self) -> None:
        """Remove the socket. Answers that are under way may be cut off."""
        with self._lock:
            listener, self._listener, self._closed = self._listener, None, True
        if listener is not None:
            # Closing alone would leave the thread in its wait for a caller.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._place.path.unlink(missing_ok=True)

    def answer(self, target: str) -> tuple[str, bytes]:
        """Return the content type and body for a request target.

        Raises LookupError for an unknown path, BadQuestion for a bad number.
        """
        path = path_of(target)
        if path == "/vitals":
            return JSON, json.dumps(self._vitals()).encode()
        if path == "/metrics":
            return TEXT, self._metrics()
        if path == "/profile":
            return TEXT, collapsed(profile(*profile_of(target))).encode()
        raise LookupError(path)

    def _serve(self) -> None:
        # Imported here: no process waits for it to be ready.
        from server.observe.probe.http_thread import answer_each

        try:
            places.sweep(self._place.path.parent)
            listener = places.listen_at(self._place.path)
        except OSError as error:
            log.warning("no probe", error=error)
            return
        with self._lock:
            if self._closed:
                listener.close()
                self._place.path.unlink(missing_ok=True)
                return
            self._listener = listener
        answer_each(listener, self.answer, CALLER_SECONDS)
