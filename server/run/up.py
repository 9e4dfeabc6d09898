"""``up``: everything on one machine, from the services to the line that says it is ready."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from server.embedded.account import Account, service_account
from server.errors import UserError
from server.run.privileges import require_program, without_owner
from server.run.procfile import PROCFILE, read_formation
from server.run.supervisor import Supervisor
from server.settings import Settings

READY_SECONDS: Final = 30.0
NOTICE_BYTES: Final = 64
PRIVILEGED_PORTS: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
DRAIN_SECONDS: Final = 0
"""All processes of this machine end together, so there is no other one to move clients to."""


class PortTaken(UserError):
    """Another program listens on the port, or we may not."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host, self.port, self.reason = host, port, reason

    def __str__(self) -> str:
        return (
            f"cannot listen on {self.host}:{self.port} ({self.reason}): "
            "stop what listens there, or choose another port (--port)"
        )


class NotReady(UserError):
    """The processes did not come up in time."""

    def __str__(self) -> str:
        return f"the processes were not ready within {READY_SECONDS:g} s: see the output above"


def require_rights(host: str, port: int) -> None:
    """Check that the account of web and worker can run this program and listen on the port.

    Raises PortTaken, AccountMissing, Unreachable.
    """
    account = service_account()
    require_program(account)
    try:
        first_open = int(PRIVILEGED_PORTS.read_text()) if account.is_other else 0
    except OSError:
        first_open = 1024
    if port < first_open:
        raise PortTaken(host, port, f"{account.name} may not use ports below {first_open}")


def reserve_port(host: str, port: int) -> socket.socket:
    """Return a socket that reserves the port for our processes, which bind it with SO_REUSEPORT.

    It does not listen, so no connection goes to it. From now on, another ``up`` finds the port taken. Raises
    PortTaken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:  # without SO_REUSEPORT: fails also where others share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
        reserved = socket.socket(family)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind((host, port))
        except OSError:
            reserved.close()
            raise
    except OSError as error:
        raise PortTaken(host, port, error.strerror or str(error)) from error
    return reserved


def prepare(settings: Settings, write: Callable[[str], None]) -> int:
    """Bring the schema to its newest version; in demo mode, fill an empty database with sample data. Return
    the number of stores.

    Raises UnknownRevision, and what asyncpg raises where the database is out of reach.
    """
    return asyncio.run(_prepare(settings, write))


async def _prepare(settings: Settings, write: Callable[[str], None]) -> int:
    from server.database.core.migrate import bring_to_newest
    from server.database.people.first_store import first_store, number_of_stores

    await bring_to_newest(settings.database_owner_url)
    if settings.demo and await first_store(settings.database_owner_url) is None:
        from server.database.sample.seed import SeedPlan, seed

        write("seeding sample data")
        write(str(await seed(settings.database_owner_url, SeedPlan())))
        from server.sample_deals.playing import play_deals

        write(f"worked {await play_deals(settings)} more deals through the desk")
    return await number_of_stores(settings.database_owner_url)


def run_formation(
    settings: Settings,
    environment: dict[str, str],
    counts: dict[str, int],
    write: Callable[[str], None],
    procfile: Path = PROCFILE,
) -> None:
    """Run web and worker processes until a signal ends them; report when all of them are ready.

    They do not get the owner's address, and if we are root, they run under another account. Raises NotReady,
    KeepsFalling, ProcfileError, AccountMissing.
    """
    formation, account = read_formation(procfile, counts), service_account()

    async def run() -> None:
        with _readiness(account) as (notices, address):

            async def announce() -> None:
                try:
                    async with asyncio.timeout(READY_SECONDS):
                        for _ in formation:
                            await asyncio.get_running_loop().sock_recv(notices, NOTICE_BYTES)
                except TimeoutError:
                    raise NotReady from None
                write(f"ready http://{settings.host}:{settings.port}")

            told = {**environment, "NOTIFY_SOCKET": address, "DEAL_DRAIN_SECONDS": str(DRAIN_SECONDS)}
            told = account.environment(without_owner(told))
            await Supervisor(formation, told, write, account=account).run(announce)

    asyncio.run(run())


@contextmanager
def _readiness(account: Account) -> Iterator[tuple[socket.socket, str]]:
    """Yield a socket on which processes report that they are ready, and its address."""
    with (
        tempfile.TemporaryDirectory(prefix="deal-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
    ):
        notices.setblocking(False)
        address = str(Path(folder) / "ready")
        notices.bind(address)
        for ours in (address, folder):  # the socket first: the folder is still ours alone
            os.chown(ours, account.uid, account.gid)
        yield notices, address
