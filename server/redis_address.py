"""What REDIS_URL names: one Redis, a cluster, or a master that Sentinels name.

A cluster and Sentinels have schemes of their own, with one or more nodes to begin with:
``redis+cluster://user:password@host:port,host:port`` and ``redis+sentinel://host:port,host:port/service``.
Both have a TLS form, ``rediss+...``. Everything else is as in the address of one Redis.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

SINGLE_SCHEMES: Final = ("redis", "rediss", "unix")
DEFAULT_PORT, DEFAULT_SENTINEL_PORT = 6379, 26379
SENTINEL_LOGIN: Final = ("sentinel_username", "sentinel_password")
FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
OPTIONS: Final = (*FILES, "ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version")
"""What may follow ``?`` in the address of a cluster or of Sentinels, beside the login to these."""

VALUES: Final = {
    "ssl_cert_reqs": ("none", "optional", "required"),
    "ssl_check_hostname": ("true", "false"),
    "ssl_min_version": ("771", "772"),
}
"""What an option may be set to, if that is not a file. The last ones are TLS 1.2 and 1.3 by their numbers."""

LOGIN: Final = (
    "with one user:password@ at most, before the first host:port, and with other characters than letters and"
    " digits percent-encoded in them"
)

Node = tuple[str, int]
"""The host and port of a server."""


class Kind(StrEnum):
    """What stands behind an address."""

    SINGLE = "single"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


class AddressError(ValueError):
    """An address is not understood; ``expected`` says what it must be."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """An address, understood. ``nodes`` are those of a cluster or the Sentinels; ``service`` is what these
    call the master.
    """

    kind: Kind
    url: str
    nodes: tuple[Node, ...] = ()
    service: str = ""
    _scheme: str = ""
    _login: str = ""
    _path: str = ""
    _options: tuple[tuple[str, str], ...] = ()
    _sentinel_login: str = ""

    def url_of(self, node: Node) -> str:
        """Return the address of one Redis of the cluster, or of the master."""
        options = urlencode(self._options)
        return f"{self._scheme}://{self._login}{_place(node)}{self._path}" + (
            f"?{options}" if options else ""
        )

    def url_of_sentinel(self, node: Node) -> str:
        """Return the address of a Sentinel, which has a login of its own."""
        options = urlencode(self._options)
        return f"{self._scheme}://{self._sentinel_login}{_place(node)}" + (f"?{options}" if options else "")


def parse(text: str) -> RedisAddress:
    """Return what ``text`` names. Raises AddressError."""
    scheme, _, kind = text.partition("://")[0].partition("+")
    if not kind and scheme in SINGLE_SCHEMES:
        _require_place(text)
        _require_options(scheme, text)
        return RedisAddress(Kind.SINGLE, text)
    if scheme not in {"redis", "rediss"} or kind not in {Kind.CLUSTER, Kind.SENTINEL}:
        schemes = [f"{each}://" for each in SINGLE_SCHEMES]
        schemes += [f"{each}+{kind}://" for kind in ("cluster", "sentinel") for each in ("redis", "rediss")]
        raise AddressError(f"set to an address that begins with {' or '.join(schemes)}")
    return _of_many(text, scheme, Kind(kind))


def _of_many(text: str, scheme: str, kind: Kind) -> RedisAddress:
    # Not urlsplit, which refuses several hosts in brackets.
    address, _, query = text.partition("://")[2].partition("?")
    netloc, _, path = address.partition("/")
    login, _, places = netloc.rpartition("@")
    default = DEFAULT_PORT if kind is Kind.CLUSTER else DEFAULT_SENTINEL_PORT
    if set(login) & set(",@#[]") or "@" in path:
        raise AddressError(LOGIN)
    nodes = tuple(_node(number, place, default) for number, place in enumerate(places.split(","), 1))
    options = dict(parse_qsl(query, keep_blank_values=True))
    allowed = OPTIONS if kind is Kind.CLUSTER else (*OPTIONS, *SENTINEL_LOGIN)
    if unknown := sorted(set(options) - set(allowed)):
        if "@" in query:
            # What follows the ? is the end of a password.
            raise AddressError(LOGIN)
        raise AddressError(f"without {unknown[0]!r} after ?; allowed are {', '.join(allowed)}")
    _require_options(scheme, text)
    sentinel_login = [options.pop(name, "") for name in SENTINEL_LOGIN]
    service, _, database = unquote(path).partition("/")
    if kind is Kind.CLUSTER:
        if service not in {"", "0"}:
            raise AddressError("without a database after the hosts: a cluster has only database 0")
        service = ""
    elif not service or not (database or "0").isdigit():
        raise AddressError(
            "redis+sentinel://host:port,host:port/service or .../service/database: the service is the name"
            " of the master in sentinel.conf"
        )
    return RedisAddress(
        kind,
        text,
        nodes,
        service,
        scheme,
        f"{login}@" if login else "",
        f"/{database}" if database else "",
        tuple(options.items()),
        "{}:{}@".format(*(quote(part, safe="") for part in sentinel_login)) if any(sentinel_login) else "",
    )


def _node(number: int, place: str, default_port: int) -> Node:
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        # It may be a part of a login, so it is not shown.
        raise AddressError(
            f"a comma-separated list of host:port after :// (number {number} is not host:port), {LOGIN}"
        )
    return host, default_port if port is None else port


def _require_place(text: str) -> None:
    """Raise AddressError for one server whose port is none: mostly a login that is not percent-encoded."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise AddressError(f"host:port after :// and the login, {LOGIN}") from None
    if parts.scheme != "unix" and "@" in parts.path + parts.query + parts.fragment:
        raise AddressError(LOGIN)


def _require_options(scheme: str, text: str) -> None:
    """Raise AddressError for options of TLS with which no attempt would ever succeed."""
    for name, value in parse_qsl(text.partition("?")[2], keep_blank_values=True):
        if name.startswith("ssl_") and scheme != "rediss":
            raise AddressError(f"one that begins with rediss, or without {name} after ?")
        if name in VALUES and value not in VALUES[name]:
            raise AddressError(f"with {' or '.join(VALUES[name])} as {name}")
        if name in FILES:
            try:
                with Path(value).open("rb"):
                    pass
            except OSError as error:
                raise AddressError(f"with a readable file as {name} ({value}: {error.strerror})") from None


def _place(node: Node) -> str:
    host, port = node
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
