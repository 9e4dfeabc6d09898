"""A proxy before a PostgreSQL that makes it a Redshift: it says so, refuses what that lacks, is slow, breaks
off.

It reads the wire's messages both ways. What is refused reaches the server as a query that fails there, so
that the protocol goes on as it would.
"""

import asyncio
import contextlib
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import free_port

VERSION = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.62878"
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
TYPES = frozenset({16, 18, 19, 20, 21, 23, 25, 26, 700, 701, 705, 1042, 1043, 1082, 1083, 1114, 1184, 1700})
LACKS = {
    "cursors": r"\b(DECLARE|FETCH\s+(ALL|NEXT|FORWARD|\d)|MOVE|CLOSE)\b",
    "arrays": r"\bANY\s*\(|\bALL\s*\(|\[\]|\bARRAY\b|\bUNNEST\b",
    "RETURNING": r"\bRETURNING\b",
    "ON CONFLICT": r"\bON\s+CONFLICT\b",
    "LISTEN": r"\b(LISTEN|NOTIFY|UNLISTEN)\b",
    "advisory locks": r"\bPG_(TRY_)?ADVISORY",
    "locking clauses": r"\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE)\b",
    "its types": r"\b(UUID|JSONB?|BYTEA|INET|CIDR|XML|MONEY|INTERVAL\[|SERIAL|TSVECTOR|ENUM)\b",
    "row comparisons": r"\)\s*(<|>|<=|>=)\s*\(",
    "LATERAL": r"\bLATERAL\b",
    "FILTER": r"\bFILTER\s*\(",
    "DISTINCT ON": r"\bDISTINCT\s+ON\b",
    "COPY to the client": r"\bCOPY\b",
    "TABLESAMPLE": r"\bTABLESAMPLE\b",
    "recursive catalogue queries": r"\bPG_TYPE\b|\bPG_RANGE\b",
    "now() beside tables": r"\bNOW\s*\(",
}
COUNTING = re.compile(r"\bCOUNT\s*\(", re.IGNORECASE)


@dataclass
class Redshift:
    """What the proxy does and saw. ``cuts`` are numbers of bytes towards the client: after each of them, of
    the connection that is then open, the proxy breaks off. ``queries`` are those that were executed.
    """

    socket: Path
    port: int
    delay_seconds: float = 0.0
    is_redshift: bool = True
    cuts: list[int] = field(default_factory=list)
    booleans: frozenset[str] = frozenset()
    skew: str = "0 seconds"
    refuses_connections: bool = False
    queries: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    rows: int = 0
    bytes_sent: int = 0
    connections: int = 0
    most_at_once: int = 0
    busy_seconds: float = 0.0
    _open: int = 0

    def url(self, database: str, role: str) -> str:
        """Return the address of a database behind the proxy."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    async def until(self, queries: int, program: asyncio.subprocess.Process) -> None:
        """Wait until so many queries were executed, or a program has ended."""
        ended = asyncio.create_task(program.wait())
        while len(self.queries) < queries and not ended.done():
            await asyncio.wait([ended], timeout=0.002)
        ended.cancel()

    def forget(self) -> None:
        """Begin to count anew."""
        self.queries.clear()
        self.refused.clear()
        self.rows = self.bytes_sent = self.connections = 0
        self.busy_seconds = 0.0

    def judged(self, sql: str) -> str:
        """Return the query as the server behind gets it."""
        if not self.is_redshift:
            return sql
        named = re.sub(r"'[^']*'", "''", sql).upper()
        plain = re.sub(r'"[^"]*"', '""', named)
        lack = next((name for name, form in LACKS.items() if re.search(form, plain)), None)
        cast = next((one for one in self.booleans if f'CAST("{one.upper()}"' in named), None)
        if lack is None and cast is not None:
            lack = "a cast of a boolean to text"
        if lack is None and COUNTING.search(plain):
            lack = "counting (Redshift can, but we must not)"
        if lack is not None:
            self.refused.append(f"{lack}: {sql}")
            return f'SELECT "Redshift has no {lack}"'
        for old, new in (
            ("version()", f"'{VERSION}'"),
            ("SYSDATE", f"((now() AT TIME ZONE 'UTC') + INTERVAL '{self.skew}')"),
            ("svv_columns", "information_schema.columns"),
            ("SET query_group", "SET deal.query_group"),
        ):
            sql = sql.replace(old, new)
        return sql

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
        if self.refuses_connections:
            writer.transport.abort()
            return
        self.connections += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        link = _Link(self, reader, writer)
        try:
            await link.run()
        finally:
            self._open -= 1


class _Link:
    def __init__(self, proxy: Redshift, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._asked_at: float | None = None
        self._parsed = ""

    async def run(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first = await self._startup()
            if first is None:
                self._writer.close()
                return
            there_reader, there = await asyncio.open_unix_connection(self._proxy.socket, limit=2**24)
            there.write(first)
            pumps = [
                asyncio.create_task(self._ask(there)),
                asyncio.create_task(self._answer(there_reader)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                there.close()
                self._writer.transport.abort()

    async def _startup(self) -> bytes | None:
        while True:
            head = await self._reader.readexactly(8)
            size, code = struct.unpack("!ii", head)
            body = await self._reader.readexactly(size - 8)
            if code in {SSL, GSS}:
                self._writer.write(b"N")
                continue
            return None if code == CANCEL else head + body

    async def _ask(self, there: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await self._message(self._reader)
            if kind == b"Q":
                self._proxy.queries.append(body[:-1].decode())
                body = self._proxy.judged(body[:-1].decode()).encode() + b"\0"
            elif kind == b"P":
                name, sql, rest = body.split(b"\0", 2)
                self._parsed = sql.decode()
                body = b"\0".join((name, self._proxy.judged(sql.decode()).encode(), rest))
            elif kind == b"E" and body[-4:] != b"\0\0\0\0":
                self._proxy.refused.append("a portal that is read in parts")
                return
            elif kind == b"B" and not body.startswith(b"\0"):
                self._proxy.refused.append("a named portal")
                return
            elif kind == b"E":
                self._proxy.queries.append(self._parsed)
            if kind in {b"Q", b"P"}:
                if self._asked_at is None:
                    self._asked_at = time.monotonic()
                if self._proxy.delay_seconds:
                    await asyncio.sleep(self._proxy.delay_seconds)
            there.write(kind + struct.pack("!i", len(body) + 4) + body)
            await there.drain()

    async def _answer(self, there: asyncio.StreamReader) -> None:
        while True:
            kind, body = await self._message(there)
            if kind == b"S" and self._proxy.is_redshift and body.startswith(b"server_version\0"):
                body = b"server_version\0" + b"8.0.2\0"
                more = b"padb_revision\0" + b"62878\0"
                await self._send(b"S", more)
            elif kind == b"S" and self._proxy.is_redshift and body.startswith(b"client_encoding\0"):
                body = b"client_encoding\0" + b"UNICODE\0"
            elif kind == b"T" and self._proxy.is_redshift and (foreign := _types_of(body) - TYPES):
                self._proxy.refused.append(f"types {foreign}")
                return
            elif kind == b"D":
                self._proxy.rows += 1
            elif kind == b"Z" and self._asked_at is not None:
                self._proxy.busy_seconds += time.monotonic() - self._asked_at
                self._asked_at = None
            await self._send(kind, body)

    async def _send(self, kind: bytes, body: bytes) -> None:
        message = kind + struct.pack("!i", len(body) + 4) + body
        proxy = self._proxy
        if proxy.cuts and proxy.bytes_sent + len(message) > proxy.cuts[0]:
            part = message[: max(proxy.cuts.pop(0) - proxy.bytes_sent, 0)]
            proxy.bytes_sent = 0
            self._writer.write(part)
            await self._writer.drain()
            raise ConnectionAbortedError
        proxy.bytes_sent += len(message)
        self._writer.write(message)
        await self._writer.drain()

    @staticmethod
    async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
        head = await reader.readexactly(5)
        return head[:1], await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


def _types_of(body: bytes) -> set[int]:
    """Return the types of a result's columns."""
    (count,) = struct.unpack("!h", body[:2])
    found, at = set(), 2
    for _ in range(count):
        at = body.index(b"\0", at) + 1
        found.add(struct.unpack("!i", body[at + 6 : at + 10])[0])
        at += 18
    return found


@asynccontextmanager
async def open_redshift(socket: Path) -> AsyncIterator[Redshift]:
    """Serve a proxy before the PostgreSQL at a socket."""
    proxy = Redshift(socket, free_port())
    tasks: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(proxy.serve(reader, writer)))

    server = await asyncio.start_server(take, "127.0.0.1", proxy.port)
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
