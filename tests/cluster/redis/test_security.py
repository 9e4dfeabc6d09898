"""TLS and the rights of the documented user: the product works with them, and says what is wrong."""

import re
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from redis.exceptions import NoPermissionError

from server.commands.terminal import explain
from server.log.bus import Bus
from server.log.links.connecting import connect_guarded, connect_redis
from server.log.redis_log import RedisLog
from server.observe.ending import Ending
from server.observe.failing import REDIS_FAILS
from server.observe.metrics.start_up import StartUp
from server.run.opening import open_redis
from server.settings import Settings
from server.work.queue import DEAD_KEY
from tests.cluster.redis.certificates import make_authority, make_server
from tests.cluster.redis.faults import CLUSTER_FAULTS, ClusterServer
from tests.cluster.redis.node import Node, free_ports
from tests.cluster.redis.programs import program_of
from tests.faults.play import play, running
from tests.faults.stage import open_stage
from tests.log.writing import DEAL
from tests.services import ROOT, open_folder

PASSWORD, ADMIN = "p@ss/word", "admin-secret"
LOGIN: Final = "deal:p%40ss%2Fword@"
GUARD_SECONDS: Final = 30.0


def documented_user() -> str:
    """Return the ACL line that the documentation gives, with a password."""
    text = (ROOT / "docs/operations/redis.md").read_text()
    (line,) = re.findall(r"^user deal (.*)$", text, re.MULTILINE)
    assert ">PASSWORD" in line
    return f"deal {line}".replace("PASSWORD", PASSWORD)


@dataclass(frozen=True)
class Secured:
    """Files and options of a server with TLS and users."""

    authority: Path
    other_authority: Path
    options: Mapping[str, str]
    client: Mapping[str, Any]


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    """Certificates and users."""
    program_of()
    with open_folder("secured-", in_memory=True) as folder:
        authority, other = (make_authority(folder, name) for name in ("ours", "another"))
        certificate, key = make_server(folder, authority)
        options = {
            "tls-cert-file": str(certificate),
            "tls-key-file": str(key),
            "tls-ca-cert-file": str(authority),
            "tls-auth-clients": "no",
            "tls-replication": "yes",
            "requirepass": ADMIN,
            "masterauth": ADMIN,
            "user": documented_user(),
        }
        client = {"ssl": True, "ssl_ca_certs": str(authority), "password": ADMIN}
        yield Secured(authority, other, options, client)


@pytest.fixture(scope="module")
def server(secured: Secured) -> Iterator[Node]:
    """One server with TLS."""
    with open_folder("secured-", in_memory=True) as folder:
        node = Node(program_of(), folder / "one", free_ports(1)[0], secured.options, **secured.client)
        node.start()
        try:
            yield node
        finally:
            node.kill()


@pytest.mark.long
async def test_the_product_works_over_tls_with_the_documented_rights(secured: Secured) -> None:
    """On a cluster whose master dies under load: nothing is lost, and no right was missing."""
    address = ("rediss+cluster", LOGIN, f"?ssl_ca_certs={secured.authority}")
    options = {**secured.options, "tls-cluster": "yes"}
    redis_in = partial(ClusterServer, options=options, address=address, **secured.client)
    fault = next(each for each in CLUSTER_FAULTS if each.name == "a master killed")
    async with open_stage(redis_in=redis_in) as stage:
        assert isinstance(stage.redis, ClusterServer)
        result = await play(stage, fault.name, fault.inject)
        refused = [entry for node in stage.redis.cluster.running for entry in node.ask("ACL", "LOG")]
    assert result.is_clean, "\n".join([str(result.findings.counts), *result.findings.details])
    assert result.events > 0
    assert refused == []


async def test_one_server_with_tls_is_heard(secured: Secured, server: Node) -> None:
    """By commands and by bells."""
    url = f"rediss://{LOGIN}127.0.0.1:{server.port}/0?ssl_ca_certs={secured.authority}"
    redis, guard = connect_guarded(url, max_connections=2)
    async with redis:
        await guard.ping()
        assert await redis.eval("return redis.call('INCR', KEYS[1])", 1, "attempts:1") == 1
    bus = Bus(url, probe_seconds=0.05)
    async with running(bus.run()):
        await bus.standing.wait_up()


@pytest.mark.parametrize(
    ("address", "authority", "said"),
    [
        ("rediss://deal:wrong@", "authority", "check the user and the password in REDIS_URL"),
        (f"rediss://{LOGIN}", "other_authority", "check ssl_ca_certs in REDIS_URL"),
        (f"rediss+cluster://{LOGIN}", "other_authority", "check ssl_ca_certs in REDIS_URL"),
        ("rediss+cluster://deal:wrong@", "authority", "check the user and the password in REDIS_URL"),
        ("rediss://nobody:nobody@", "authority", "docs/operations/redis.md"),
    ],
)
async def test_what_is_refused_is_said(
    secured: Secured, server: Node, address: str, authority: str, said: str
) -> None:
    """A web process does not start with what can never work, and a person reads which setting to change."""
    server.ask("ACL", "SETUSER", "nobody", "on", ">nobody", "+auth", "+client", "+hello")
    url = f"{address}127.0.0.1:{server.port}?ssl_ca_certs={getattr(secured, authority)}"
    settings = Settings.from_environment({"DATABASE_URL": "postgresql://db", "REDIS_URL": url})
    async with AsyncExitStack() as stack:
        with pytest.raises(REDIS_FAILS) as caught:
            await open_redis(stack, Ending("web", 5.0), StartUp(), settings)
    text = explain(caught.value)
    assert text is not None
    assert said in text
    assert "wrong" not in text.replace("WRONGPASS", "")


async def test_commands_that_go_through_all_keys_are_the_operators(secured: Secured, server: Node) -> None:
    """The documented user of the processes may neither search all keys nor empty Redis; with what the
    documentation adds for an operator, both work, and so does the rest of an erasure.
    """
    text = (ROOT / "docs/operations/redis.md").read_text()
    (added,) = re.findall(r"^ACL SETUSER deal-operator on .*\(all as above\) (.*)$", text, re.MULTILINE)
    rules = documented_user().split()[1:]
    server.ask("ACL", "SETUSER", "operator", *rules, *added.split())
    place = f"127.0.0.1:{server.port}/0?ssl_ca_certs={secured.authority}"
    async with (
        connect_redis(f"rediss://{LOGIN}{place}", 1) as own,
        connect_redis(f"rediss://{LOGIN.replace('deal:', 'operator:')}{place}", 1) as operator,
    ):
        log = RedisLog(own)
        before = await log.head(DEAL)
        await own.set(f"{{{DEAL}}}:op:one", "an answer")
        for refused in (own.scan(), own.flushdb()):
            with pytest.raises(NoPermissionError):
                await refused
        found = [key async for key in operator.scan_iter(match=f"{{{DEAL}}}:op:*")]
        assert await operator.unlink(*found) == 1
        assert await operator.xrange(DEAD_KEY, "-", "+", 1) == []
        assert await operator.xdel(DEAD_KEY, "1-1") == 0
        assert await RedisLog(operator).begin_anew(DEAL, before.epoch)
        assert await operator.flushdb()


async def test_a_server_that_is_away_is_waited_for(secured: Secured) -> None:
    """It is no reason not to start."""
    url = f"rediss://{LOGIN}127.0.0.1:{free_ports(1)[0]}?ssl_ca_certs={secured.authority}"
    settings = Settings.from_environment({"DATABASE_URL": "postgresql://db", "REDIS_URL": url})
    async with AsyncExitStack() as stack:
        _, guard = await open_redis(stack, Ending("web", 5.0), StartUp(), settings)
        assert not guard.breaker.is_closed
