"""Settings: the environment, read once and validated, as one frozen value.

Commands have a few variables of their own: ``sync`` reads the warehouse's address and DEAL_HISTORY_DIR. The
embedded services pass on their addresses in the same variables.
"""

import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from server.environment import Reader, SettingsError
from server.keep import Keep

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_DATA_DIR: Final = Path(".data")
DEFAULT_POOLER: Final = "none"
TRANSACTION_POOLER: Final = "transaction"
DEFAULT_POOL_MIN: Final = 2
DEFAULT_POOL_MAX: Final = 10
DEFAULT_COMPUTE_PROCESSES: Final = 2
DEFAULT_STATEMENT_TIMEOUT_MS: Final = 10_000
DEFAULT_JOB_LEASE_MS: Final = 3_000
DEFAULT_SEARCH_LEASE_MS: Final = 3_000
DEFAULT_JOB_OVERDUE_MS: Final = 5_000
DEFAULT_DRAIN_SECONDS: Final = 10
DEFAULT_LOG_LEVEL: Final = "info"
DEFAULT_METRICS_FROM: Final = ("127.0.0.0/8", "::1")
SECRET_LENGTH: Final = 32
SECRET_CHARACTERS: Final = 10
"""The minimum length of a secret, and of its distinct characters."""

LOG_LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a process. ``README.md`` lists the variables."""

    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    redis_uid: int | None = None  # account that Redis must run under if REDIS_URL names a Unix socket
    database_system_url: str = field(default="", repr=False)
    database_listen_url: str = field(default="", repr=False)
    database_search_urls: tuple[str, ...] = field(default=(), repr=False)
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    demo: bool = False
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    metrics_from: tuple[str, ...] = DEFAULT_METRICS_FROM
    data_dir: Path = DEFAULT_DATA_DIR
    stores_apart: bool = False
    pooler: str = DEFAULT_POOLER
    pool_min: int = DEFAULT_POOL_MIN
    pool_max: int = DEFAULT_POOL_MAX
    compute_processes: int = DEFAULT_COMPUTE_PROCESSES
    statement_timeout_ms: int = DEFAULT_STATEMENT_TIMEOUT_MS
    job_lease_ms: int = DEFAULT_JOB_LEASE_MS
    search_lease_ms: int = DEFAULT_SEARCH_LEASE_MS
    job_overdue_ms: int = DEFAULT_JOB_OVERDUE_MS
    drain_seconds: int = DEFAULT_DRAIN_SECONDS
    log_level: str = DEFAULT_LOG_LEVEL
    otlp_endpoint: str = field(default="", repr=False)
    otlp_protocol: str = ""
    notify_socket: str = ""
    secret: str = field(default="", repr=False)
    secret_accepted: str = field(default="", repr=False)
    keep: Keep = field(default_factory=Keep)

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler gives server connections for one transaction only."""
        return self.pooler == TRANSACTION_POOLER

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings in ``environ``.

        Raises SettingsError.
        """
        read = Reader(environ)
        host, port = listen_address(environ)
        database_url = read.address("DATABASE_URL", ("postgresql://", "postgres://"))
        pool_max = read.number("DEAL_POOL_MAX", DEFAULT_POOL_MAX, 1, 1000)
        settings = cls(
            database_url=database_url,
            database_owner_url=read.address(
                "DATABASE_OWNER_URL", ("postgresql://", "postgres://"), database_url
            ),
            database_system_url=read.address(
                "DATABASE_SYSTEM_URL", ("postgresql://", "postgres://"), database_url
            ),
            database_listen_url=read.address(
                "DATABASE_LISTEN_URL", ("postgresql://", "postgres://"), database_url
            ),
            database_search_urls=read.addresses("DATABASE_SEARCH_URL", ("postgresql://", "postgres://")),
            redis_url=read.redis("REDIS_URL"),
            redis_uid=read.uid("DEAL_REDIS_UID"),
            host=host,
            port=port,
            demo=read.flag("DEAL_DEMO"),
            allowed_origins=read.origins("DEAL_ALLOWED_ORIGINS", port),
            trusted_proxies=read.networks("DEAL_TRUSTED_PROXIES"),
            metrics_from=read.networks("DEAL_METRICS_FROM", ",".join(DEFAULT_METRICS_FROM)),
            data_dir=Path(read.text("DEAL_DATA_DIR", str(DEFAULT_DATA_DIR))),
            stores_apart=read.flag("DEAL_STORES_APART"),
            pooler=read.choice("DEAL_POOLER", DEFAULT_POOLER, (DEFAULT_POOLER, TRANSACTION_POOLER)),
            pool_min=read.number("DEAL_POOL_MIN", min(DEFAULT_POOL_MIN, pool_max), 0, pool_max),
            pool_max=pool_max,
            compute_processes=read.number("DEAL_COMPUTE_PROCESSES", DEFAULT_COMPUTE_PROCESSES, 1, 64),
            statement_timeout_ms=read.number(
                "DEAL_STATEMENT_TIMEOUT_MS", DEFAULT_STATEMENT_TIMEOUT_MS, 1, 600_000
            ),
            job_lease_ms=read.number("DEAL_JOB_LEASE_MS", DEFAULT_JOB_LEASE_MS, 100, 600_000),
            search_lease_ms=read.number("DEAL_SEARCH_LEASE_MS", DEFAULT_SEARCH_LEASE_MS, 100, 600_000),
            job_overdue_ms=read.number("DEAL_JOB_OVERDUE_MS", DEFAULT_JOB_OVERDUE_MS, 100, 3_600_000),
            drain_seconds=read.number("DEAL_DRAIN_SECONDS", DEFAULT_DRAIN_SECONDS, 0, 3_600),
            log_level=read.choice("DEAL_LOG_LEVEL", DEFAULT_LOG_LEVEL, LOG_LEVELS),
            otlp_endpoint=read.collector("OTEL_EXPORTER_OTLP_ENDPOINT"),
            otlp_protocol=read.text("OTEL_EXPORTER_OTLP_PROTOCOL", ""),
            notify_socket=read.text("NOTIFY_SOCKET", ""),
            secret=read.text("DEAL_SECRET", ""),
            secret_accepted=read.text("DEAL_SECRET_ACCEPTED", ""),
            keep=Keep.read(read.number),
        )
        if settings.is_pooled and not read.text("DATABASE_LISTEN_URL", ""):
            raise SettingsError(
                "DATABASE_LISTEN_URL", "set to the address of PostgreSQL itself if DEAL_POOLER is transaction"
            )
        if settings.demo and not is_loopback(host):
            raise SettingsError("DEAL_DEMO", f"off unless DEAL_HOST is a loopback address ({host!r} is not)")
        foreign = next((one for one in settings.allowed_origins if not is_loopback(host_of(one))), None)
        if settings.demo and foreign is not None:
            raise SettingsError(
                "DEAL_DEMO", f"off if DEAL_ALLOWED_ORIGINS names a host other than loopback ({foreign!r})"
            )
        return settings

    def environment(self) -> dict[str, str]:
        """Return the variables that reproduce these settings, for a child process.

        A web process or worker does not get the owner's address (``server/run/privileges.py``).
        """
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "DATABASE_SYSTEM_URL": self.database_system_url or self.database_url,
            "DATABASE_LISTEN_URL": self.database_listen_url or self.database_url,
            "DATABASE_SEARCH_URL": " ".join(self.database_search_urls),
            "REDIS_URL": self.redis_url,
            "DEAL_REDIS_UID": "" if self.redis_uid is None else str(self.redis_uid),
            "DEAL_HOST": self.host,
            "DEAL_PORT": str(self.port),
            "DEAL_DEMO": "1" if self.demo else "0",
            "DEAL_ALLOWED_ORIGINS": ",".join(self.allowed_origins),
            "DEAL_TRUSTED_PROXIES": ",".join(self.trusted_proxies),
            "DEAL_METRICS_FROM": ",".join(self.metrics_from),
            "DEAL_DATA_DIR": str(self.data_dir),
            "DEAL_STORES_APART": "1" if self.stores_apart else "0",
            "DEAL_POOLER": self.pooler,
            "DEAL_POOL_MIN": str(self.pool_min),
            "DEAL_POOL_MAX": str(self.pool_max),
            "DEAL_COMPUTE_PROCESSES": str(self.compute_processes),
            "DEAL_STATEMENT_TIMEOUT_MS": str(self.statement_timeout_ms),
            "DEAL_JOB_LEASE_MS": str(self.job_lease_ms),
            "DEAL_SEARCH_LEASE_MS": str(self.search_lease_ms),
            "DEAL_JOB_OVERDUE_MS": str(self.job_overdue_ms),
            "DEAL_DRAIN_SECONDS": str(self.drain_seconds),
            "DEAL_LOG_LEVEL": self.log_level,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp_endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": self.otlp_protocol,
            "NOTIFY_SOCKET": self.notify_socket,
            "DEAL_SECRET": self.secret,
            "DEAL_SECRET_ACCEPTED": self.secret_accepted,
            **self.keep.environment(),
        }


def secret_of(settings: Settings) -> bytes:
    """Return the signing key of this web process. In demo mode, a random one if none is given.

    Raises SettingsError outside demo mode, where the secret is missing or could be guessed.
    """
    secret = settings.secret
    if settings.secret_accepted:
        _require_strong("DEAL_SECRET_ACCEPTED", settings.secret_accepted)
    if settings.demo:
        return secret.encode() or secrets.token_bytes(SECRET_LENGTH)
    _require_strong("DEAL_SECRET", secret)
    return secret.encode()


def accepted_secret_of(settings: Settings) -> bytes:
    """Return the secret that other processes may sign with while DEAL_SECRET is replaced; else nothing."""
    return settings.secret_accepted.encode()


def _require_strong(variable: str, secret: str) -> None:
    if len(secret) < SECRET_LENGTH or len(set(secret)) < SECRET_CHARACTERS:
        raise SettingsError(
            variable,
            f"at least {SECRET_LENGTH} random characters, the same for all web processes; create one with"
            " `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`",
        )


def listen_address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Return the host and port to listen on.

    Raises SettingsError.
    """
    read = Reader(environ)
    return read.text("DEAL_HOST", DEFAULT_HOST), read.number("DEAL_PORT", DEFAULT_PORT, 1, 65535)


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is reachable only from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(origin: str) -> str:
    """Return the host of an origin; an empty string if it has none."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def process_environment() -> dict[str, str]:
    """Return this process's environment."""
    return dict(os.environ)
