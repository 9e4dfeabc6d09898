"""What a process of the old design asked of Postgres and Redis."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
from redis import Redis


class Asked:
    """Counts statements and commands; threads share it, and each count is one addition."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def write(self, path: Path) -> None:
        """Leave the counts for whoever started this process."""
        path.write_text(json.dumps(self.counts))


def total(paths: Iterable[Path]) -> Counter[str]:
    """Return what all processes asked."""
    counts: Counter[str] = Counter()
    for path in paths:
        counts.update(json.loads(path.read_text()))
    return counts


def count_statements(connection: asyncpg.Connection, asked: Asked) -> None:
    """Count every statement that a connection is given by its user, not the pool's own."""

    def note(_record: Any) -> None:
        asked.counts["postgres"] += 1

    connection.add_query_logger(note)


class Cache:
    """Redis as the old system used it: synchronous, with a new connection for each call."""

    def __init__(self, url: str, asked: Asked) -> None:
        self._url, self._asked = url, asked

    def get(self, key: str) -> bytes | None:
        """Return a value."""
        found: bytes | None = self._call("get", key)
        return found

    def get_many(self, keys: list[str]) -> list[bytes | None]:
        """Return many values, in one command."""
        found: list[bytes | None] = self._call("mget", keys) if keys else []
        return found

    def keep(self, key: str, value: bytes, seconds: int) -> None:
        """Keep a value for so long."""
        self._call("setex", key, seconds, value)

    def _call(self, command: str, *args: Any) -> Any:
        self._asked.counts["redis"] += 1
        with Redis.from_url(self._url) as redis:
            return getattr(redis, command)(*args)
