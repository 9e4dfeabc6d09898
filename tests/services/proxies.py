"""nginx, Caddy and HAProxy as ``docs/operations/deploy`` has them: only places and addresses are replaced."""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.services.places import free_port
from tests.services.processes import ROOT

EXAMPLES: Final = ROOT / "docs" / "operations" / "deploy"
UPSTREAMS: Final = tuple(f"10.0.0.{11 + number}:8000" for number in range(4))
READY_SECONDS: Final = 20.0
STOP_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.02


@dataclass(slots=True)
class Proxy:
    """A proxy before web processes. ``url`` is what a browser opens, ``tls`` trusts its certificate."""

    kind: str
    folder: Path
    port: int
    targets: Sequence[int]
    changes: Mapping[str, str] = field(default_factory=dict)
    plain_port: int = field(default_factory=free_port)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The origin of the pages."""
        return f"https://localhost:{self.port}"

    @property
    def socket_url(self) -> str:
        """The address of the sockets."""
        return f"wss://localhost:{self.port}/ws"

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust the certificate of this run."""
        return ssl.create_default_context(cafile=self._certificate)

    @property
    def config(self) -> Path:
        """The example with the places of this run."""
        return self.folder / _KINDS[self.kind].example

    def write(self) -> None:
        """Write the certificate and the configuration. Raises AssertionError if the example lacks a place."""
        self.folder.mkdir(exist_ok=True)
        make_certificate(self.folder)
        text = (EXAMPLES / self.config.name).read_text()
        places = dict(zip(UPSTREAMS, (f"127.0.0.1:{port}" for port in self.targets), strict=True))
        for old, new in (places | _KINDS[self.kind].places(self) | dict(self.changes)).items():
            assert old in text, f"{self.config.name} has no {old!r}"
            text = text.replace(old, new)
        self.config.write_text(text)

    def check(self) -> str:
        """Let the program check its configuration; return what it said. Raises CalledProcessError."""
        words = _KINDS[self.kind].check(self)
        return subprocess.run(
            words,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        ).stdout

    async def start(self) -> None:
        """Start it; return once it takes connections."""
        with (self.folder / "proxy.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_KINDS[self.kind].run(self),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        async with asyncio.timeout(READY_SECONDS):
            while not await self._is_open():
                assert self._process.returncode is None, self.output()
                await asyncio.sleep(LOOK_SECONDS)

    async def reload(self) -> None:
        """Let it read its configuration again, as an administrator does after a change."""
        assert self._process is not None
        if (words := _KINDS[self.kind].reload(self)) is None:
            self._process.send_signal(_KINDS[self.kind].reload_signal)
            return
        reloading = await asyncio.create_subprocess_exec(
            *words, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert await reloading.wait() == 0, self.output()

    async def restart(self) -> None:
        """End it, with all connections, and start it again."""
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        """End it, with whatever it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def output(self) -> str:
        """Return what it wrote."""
        return (self.folder / "proxy.log").read_text(errors="replace")

    @property
    def _certificate(self) -> Path:
        return self.folder / "fullchain.pem"

    @property
    def _environment(self) -> dict[str, str]:
        places = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
        return {**os.environ, **dict.fromkeys(places, str(self.folder))}

    async def _is_open(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one program is run. ``places`` are those of the example and what stands there in a test."""

    example: str
    places: Callable[[Proxy], dict[str, str]]
    check: Callable[[Proxy], list[str]]
    run: Callable[[Proxy], list[str]]
    reload: Callable[[Proxy], list[str] | None] = lambda _: None
    reload_signal: signal.Signals = signal.SIGHUP


def _nginx_places(proxy: Proxy) -> dict[str, str]:
    kept = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"\n    {name}_temp_path {proxy.folder}/{name};" for name in kept)
    return {
        "http {": "http {" + folders,
        # This machine may allow less.
        "worker_rlimit_nofile 65536;": "",
        "listen 80;": f"listen 127.0.0.1:{proxy.plain_port};",
        "listen 443 ": f"listen 127.0.0.1:{proxy.port} ",
        "/run/nginx.pid": f"{proxy.folder}/nginx.pid",
        "/etc/ssl/deals": str(proxy.folder),
    }


def _caddy_places(proxy: Proxy) -> dict[str, str]:
    return {
        "http_port 80": f"http_port {proxy.plain_port}\n\tdefault_bind 127.0.0.1",
        "https_port 443": f"https_port {proxy.port}",
        "/run/caddy": str(proxy.folder),
        "\ndeals.example.com": "\nlocalhost",
        "/etc/ssl/deals": str(proxy.folder),
    }


def _haproxy_places(proxy: Proxy) -> dict[str, str]:
    return {
        # This machine may allow less.
        "maxconn 32768": "maxconn 4096",
        "bind :80": f"bind 127.0.0.1:{proxy.plain_port}",
        "bind :443": f"bind 127.0.0.1:{proxy.port}",
        "/etc/ssl/deals": str(proxy.folder),
    }


def _caddy(proxy: Proxy, command: str) -> list[str]:
    return ["caddy", command, "--config", str(proxy.config), "--adapter", "caddyfile"]


_KINDS: Final = {
    "nginx": _Kind(
        "nginx.conf",
        _nginx_places,
        check=lambda proxy: ["nginx", "-t", "-q", "-p", str(proxy.folder), "-c", str(proxy.config)],
        run=lambda proxy: [
            *("nginx", "-p", str(proxy.folder), "-c", str(proxy.config), "-g", "daemon off;"),
        ],
    ),
    "caddy": _Kind(
        "Caddyfile",
        _caddy_places,
        check=lambda proxy: _caddy(proxy, "validate"),
        run=lambda proxy: _caddy(proxy, "run"),
        reload=lambda proxy: [
            *_caddy(proxy, "reload"),
            *("--force", "--address", f"unix/{proxy.folder}/admin.sock"),
        ],
    ),
    "haproxy": _Kind(
        "haproxy.cfg",
        _haproxy_places,
        check=lambda proxy: ["haproxy", "-c", "-q", "-f", str(proxy.config)],
        run=lambda proxy: ["haproxy", "-W", "-f", str(proxy.config)],
        reload_signal=signal.SIGUSR2,
    ),
}
PROXIES: Final = tuple(_KINDS)


def make_certificate(folder: Path) -> None:
    """Make a certificate of localhost, as files of the names that the examples have."""
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (folder / "deals.pem").write_bytes(chain.read_bytes() + key.read_bytes())


@asynccontextmanager
async def open_proxy(
    kind: str, folder: Path, port: int, targets: Sequence[int], changes: Mapping[str, str] | None = None
) -> AsyncIterator[Proxy]:
    """Run a proxy on ``port`` before web processes on the ports ``targets``. ``folder`` takes its files.

    ``changes`` are words of the example and what stands there instead.
    """
    proxy = Proxy(kind, folder, port, targets, changes or {})
    await asyncio.to_thread(proxy.write)
    try:
        await proxy.start()
        yield proxy
    finally:
        await proxy.stop()
