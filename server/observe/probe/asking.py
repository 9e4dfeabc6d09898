"""Asking a process through its probe socket."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any, Final

from server.observe.probe.places import Place, short_address

ASK_SECONDS: Final = 0.5
OK: Final = 200


class NoAnswer(Exception):
    """A process did not answer in time, or not with what was asked for."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with short_address(self._path) as address:
            self.sock.connect(address)


def ask(place: Place, request: str, seconds: float = ASK_SECONDS) -> bytes:
    """Return the answer of a process to ``request``: ``/vitals``, ``/metrics`` or ``/profile?seconds=N``.

    It waits ``seconds`` for each part of the answer. Raises NoAnswer.
    """
    connection = _UnixConnection(place.path, seconds)
    try:
        connection.request("GET", request)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{place.name}: {error!r}") from error
    finally:
        connection.close()
    if response.status != OK:
        raise NoAnswer(f"{place.name}: {response.status} {body.decode(errors='replace').strip()}")
    return body


def vitals_of(place: Place, seconds: float = ASK_SECONDS) -> dict[str, Any]:
    """Return the vital signs of a process (``vitals.Vitals``). Raises NoAnswer."""
    found: dict[str, Any] = json.loads(ask(place, "/vitals", seconds))
    return found
