"""Deals of the generator's own: made over HTTP before a run, marked as lost after it.

It never works on a deal that somebody else made.
"""

import asyncio
import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from client.errors import Unreachable, WorkspaceError
from client.load.clients.wire import Target
from client.load.planning.script import FIRST_TERMS

CUSTOMER: Final = "Load Test"
STATE: Final = "CA"
MOST_WAITS: Final = 10
LONGEST_WAIT_SECONDS: Final = 15.0
TIMEOUT_SECONDS: Final = 30.0
LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose token the generator has."""

    token: str
    user_id: str
    role: str
    store_id: str
    loads: bool
    """Whether the token has the scope ``load``, which lifts the limits of a person."""
    rights: frozenset[str] = frozenset()


class Denied(WorkspaceError):
    """The server refused a request of the generator's preparation."""

    def __init__(self, what: str, status: int, message: str) -> None:
        super().__init__(what, status, message)
        self.what, self.status, self.message = what, status, message

    def __str__(self) -> str:
        return f"{self.what} was refused with HTTP status {self.status}: {self.message or 'no reason given'}"


class Api:
    """Requests of one person. They block: run them in a thread."""

    def __init__(self, target: Target, token: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._target, self._token, self._wait = target, token, wait
        self._connection: http.client.HTTPConnection | None = None

    def make_deals(self, count: int, progress: Callable[[int], None]) -> list[str]:
        """Make deals with a customer of the generator's own; return their channels.

        Raises Denied, Unreachable.
        """
        customer = self._customer()
        channels: list[str] = []
        for _ in range(count):
            made = self._send("POST", "/api/deals", {"customer_id": customer, "structure": FIRST_TERMS})
            channels.append(str(made["channel"]))
            progress(len(channels))
        return channels

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _customer(self) -> str:
        found = self._send("GET", f"/api/customers?q={CUSTOMER.replace(' ', '%20')}&limit={LISTED}")
        for each in found["customers"]:
            if each["name"] == CUSTOMER:
                return str(each["id"])
        facts = {"name": CUSTOMER, "state": STATE, "monthly_income_cents": 1_000_000}
        return str(self._send("POST", "/api/customers", facts)["id"])

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        for _ in range(MOST_WAITS):
            status, answer = self._once(method, path, body)
            if status < 300:
                return answer
            if status != 429:
                break
            detail = answer.get("error", {}).get("detail", {})
            seconds = float(detail.get("retry_after_seconds", 1))
            if seconds > LONGEST_WAIT_SECONDS:
                break
            self._wait(seconds)
        raise Denied(f"{method} {path.partition('?')[0]}", status, answer.get("error", {}).get("message", ""))

    def _once(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        try:
            if self._connection is None:
                self._connection = self._open()
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(self._target.http, str(error) or type(error).__name__) from None
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}

    def _open(self) -> http.client.HTTPConnection:
        place = urlsplit(self._target.http)
        kind = http.client.HTTPSConnection if self._target.tls else http.client.HTTPConnection
        return kind(place.hostname or "", self._target.port, timeout=TIMEOUT_SECONDS)


async def make_deals(
    target: Target, person: Person, count: int, progress: Callable[[int], None]
) -> list[str]:
    """Make deals without blocking the loop. Raises what ``Api.make_deals`` raises."""
    api = Api(target, person.token)
    try:
        return await asyncio.to_thread(api.make_deals, count, progress)
    finally:
        api.close()


class NoSuchPerson(WorkspaceError):
    """The tokens do not include a role that the mode needs."""

    def __init__(self, role: str, mode: str) -> None:
        super().__init__(role, mode)
        self.role, self.mode = role, mode

    def __str__(self) -> str:
        return f"--token-file: the mode {self.mode} needs a token of a {self.role.replace('_', ' ')}"
