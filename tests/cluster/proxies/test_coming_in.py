"""People come through a proxy: they sign in, stay, move to another process, are known by their address."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from protocol.rights import Role
from server.database.core.pool import connect_as_owner
from server.database.people.staff import add_user
from tests.faults.judging.record import Heard, Joined
from tests.faults.people.viewer import SUBPROTOCOL
from tests.faults.play import running, viewer_of
from tests.faults.stage import Stage
from tests.services import free_port, start_web
from tests.services.proxies import Proxy, open_proxy
from tests.web.site import csrf_of

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]
LOGIN, PASSWORD = "nina", "a password that is nobody's"
ELSEWHERE = "127.0.0.5"
"""Another address of the loopback interface, from which a person comes."""

FORGED = "203.0.113.9"
GUARD_SECONDS = 20.0
SHORT_SECONDS = 2
"""A proxy's time-outs in the place of 60 s. The server's pings are as much more frequent: 0.4 s for 20 s."""


LOOKED_SECONDS = 6.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def person(stage: Stage) -> None:
    """Somebody with a password, because the sample's people may not come through a proxy."""
    async with connect_as_owner(stage.settings.database_owner_url) as owner:
        who = {"name": "Nina Okafor", "role": Role.SALESPERSON, "store_id": "riverside"}
        await add_user(owner, LOGIN, password=PASSWORD, **who)  # type: ignore[arg-type]


@asynccontextmanager
async def browser_at(address: str, proxy: Proxy) -> AsyncIterator[httpx.AsyncClient]:
    """A client that comes from an address, trusts the proxy's certificate and follows no redirect."""
    way = httpx.AsyncHTTPTransport(verify=proxy.tls, local_address=address)
    async with httpx.AsyncClient(transport=way, base_url=proxy.url, timeout=GUARD_SECONDS) as browser:
        yield browser


async def sign_in(browser: httpx.AsyncClient, origin: str, **headers: str) -> httpx.Response:
    """Send the sign-in form as the page would."""
    token = csrf_of(await browser.get("/login"))
    form = {"csrf_token": token, "login": LOGIN, "password": PASSWORD, "next": "/"}
    return await browser.post("/login", data=form, headers={"origin": origin, **headers})


def socket_of(proxy: Proxy, **options: Any) -> connect:
    """Return a socket through the proxy, to be entered."""
    return connect(
        proxy.socket_url,
        ssl=proxy.tls,
        subprotocols=[SUBPROTOCOL],
        compression=None,
        ping_interval=None,
        proxy=None,
        **options,
    )


async def addresses_of(stage: Stage, kind: str) -> list[str]:
    """Return the addresses of a kind of security event, unordered: each process writes its own in turn."""
    async with connect_as_owner(stage.settings.database_owner_url) as owner:
        rows = await owner.fetch("SELECT address FROM security_events WHERE kind = $1", kind)
    return [row["address"] for row in rows]


def proxy_of(stage: Stage) -> Proxy:
    """Return the stage's proxy."""
    assert stage.proxy is not None
    return stage.proxy


async def test_a_person_signs_in_and_works_through_it(stage: Stage, person: None) -> None:
    """The page, its session and its socket need no certain process: each request may reach another one."""
    proxy = proxy_of(stage)
    async with browser_at("127.0.0.1", proxy) as browser:
        signed_in = await sign_in(browser, proxy.url)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
        assert "Secure" in signed_in.headers["set-cookie"], "the server knows that the browser came by TLS"
        pages = [await browser.get("/") for _ in range(8)]
        assert [page.status_code for page in pages] == [200] * 8
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"cookie": cookies, "origin": proxy.url}
    async with socket_of(proxy, additional_headers=headers) as socket:
        welcome = orjson.loads(await socket.recv())
        assert (welcome["type"], welcome["user"]["name"]) == ("welcome", "Nina Okafor")
        join = {"type": "join", "ref": 1, "channel": stage.next_deals(1)[0], "view": "sales", "since": None}
        await socket.send(orjson.dumps(join).decode())
        assert orjson.loads((await socket.recv()).split("\n")[0])["ok"]


async def test_the_clients_own_address_counts(stage: Stage, person: None) -> None:
    """Neither the proxy's address is written down, nor one that the client made up."""
    proxy = proxy_of(stage)
    async with browser_at(ELSEWHERE, proxy) as browser:
        forged = {"x-forwarded-for": FORGED, "x-forwarded-proto": "http"}
        signed_in = await sign_in(browser, proxy.url, **forged)
        assert signed_in.status_code == 303
        assert "Secure" in signed_in.headers["set-cookie"]
    async with asyncio.timeout(GUARD_SECONDS):
        while ELSEWHERE not in (found := await addresses_of(stage, "signed_in")):
            assert FORGED not in found
            await asyncio.sleep(0.05)
    assert FORGED not in found


async def test_what_the_proxy_keeps_to_itself(stage: Stage) -> None:
    """Metrics are not for the internet, a large body ends at the proxy, and plain HTTP leads to TLS."""
    proxy = proxy_of(stage)
    async with browser_at("127.0.0.1", proxy) as browser:
        assert (await browser.get("/metrics")).status_code == 404
        assert (await browser.get("/healthz")).text == "ok"
        assert set((await browser.get("/readyz")).json()) == {"ready"}
        large = await browser.post("/api/deals", content=b"x" * 300_000)
        # Caddy ends a body while it passes it on: the server may have refused the request by then.
        assert large.status_code in ({401, 413, 502} if proxy.kind == "caddy" else {413})
        plain = await browser.get(f"http://localhost:{proxy.plain_port}/login?next=/", follow_redirects=False)
        assert plain.status_code in {301, 308}
        assert plain.headers["location"].startswith("https://localhost")
        assert plain.headers["location"].endswith("/login?next=/")


async def test_somebody_goes_on_at_another_process(stage: Stage) -> None:
    """Whose process is replaced reconnects to another one, hears what it missed, and nothing twice.

    The fourth process stays: somebody writes there. The proxy spreads those who watch over all four.
    """
    channel = stage.next_deals(1)[0]
    watching = [viewer_of(stage, f"watching {no}", "manager", {channel: "manager"}) for no in range(4)]
    writing = viewer_of(stage, "writing", "sales", {channel: "sales"}, doors=[stage.urls[3]])
    everybody = [*watching, writing]
    async with AsyncExitStack() as stack:
        for viewer in everybody:
            await stack.enter_async_context(running(viewer.run()))
        await _until(lambda: all(viewer.is_live for viewer in everybody))
        for number, web in enumerate(stage.webs[:3]):
            restarting = asyncio.create_task(web.restart())
            for again in range(5):
                note = {"type": "note", "channel": channel, "text": f"{number}.{again}"}
                assert (await writing.ask(note | {"op": str(uuid.uuid4())}))["ok"]
                await asyncio.sleep(0.3)
            await restarting
        heads = writing.channels[channel]
        await _until(
            lambda: not any(each.channels[channel].stands_behind(heads.epoch, heads.seq) for each in watching)
        )
    moved = 0
    for viewer in watching:
        joins = [entry for entry in viewer.record.entries if isinstance(entry, Joined)]
        heard = [entry.seq for entry in viewer.record.entries if isinstance(entry, Heard)]
        moved += len(joins) - 1
        assert [entry.recovered for entry in joins[1:]] == [True] * (len(joins) - 1)
        assert heard == list(range(heard[0], heard[0] + len(heard)))
        assert {entry.epoch for entry in joins} == {joins[0].epoch}
    assert moved >= 2, "nobody was moved"


async def test_people_come_in_while_redis_is_away(stage: Stage, person: None) -> None:
    """No process is ready then, and each serves what it can: the proxy takes none of them away."""
    proxy = proxy_of(stage)
    data = await asyncio.to_thread(stage.redis.save)
    stage.redis.kill()
    try:
        async with asyncio.timeout(GUARD_SECONDS), httpx.AsyncClient(timeout=GUARD_SECONDS) as probe:
            await _answered(probe, stage.webs[0].settings.port, 503)
        # Each of the examples has looked at every process several times by then.
        await asyncio.sleep(LOOKED_SECONDS)
        async with browser_at("127.0.0.1", proxy) as browser:
            assert (await browser.get("/readyz")).json() == {"ready": False}
            assert (await sign_in(browser, proxy.url)).status_code == 303
            assert (await browser.get("/")).status_code == 200
    finally:
        await asyncio.to_thread(stage.redis.restart, data)
    async with asyncio.timeout(GUARD_SECONDS), httpx.AsyncClient(timeout=GUARD_SECONDS) as probe:
        for web in stage.webs:
            await _answered(probe, web.settings.port, 200)


async def _answered(probe: httpx.AsyncClient, port: int, status: int) -> None:
    """Wait until a process says that it is ready, or that it is not."""
    address = f"http://127.0.0.1:{port}/readyz"
    while (await probe.get(address)).status_code != status:  # noqa: ASYNC110 - it is asked for
        await asyncio.sleep(0.1)


@pytest.mark.long
async def test_an_idle_socket_stays_open_because_the_server_pings(stage: Stage, tmp_path: Path) -> None:
    """A proxy ends a silent WebSocket after its time-out. Ours is not silent for as long as that."""
    kind, settings = proxy_of(stage).kind, stage.settings
    token = stage.tokens["riverside-sales"]
    changes = {"haproxy": ("timeout tunnel 60s", f"timeout tunnel {SHORT_SECONDS}s")}
    changes["nginx"] = ("proxy_read_timeout 60s", f"proxy_read_timeout {SHORT_SECONDS}s")
    # Caddy has none unless it is told to.
    changes["caddy"] = ("dial_timeout 2s", f"dial_timeout 2s\n\t\t\tread_timeout {SHORT_SECONDS}s")
    old, new = changes[kind]

    async def silence(ports: list[int], name: str) -> bool:
        """Return whether a socket that hears nothing but pings is open after three times the time-out."""
        async with (
            open_proxy(kind, tmp_path / name, free_port(), ports, {old: new}) as proxy,
            socket_of(proxy, additional_headers={"authorization": f"Bearer {token}"}) as socket,
        ):
            return await _stays_open(socket, 3 * SHORT_SECONDS)

    apart = replace(settings, data_dir=tmp_path / "data", port=free_port())
    (tmp_path / "data").mkdir()
    async with start_web(apart, tmp_path, module="tests.cluster.proxies.often_pinging"):
        assert await silence([apart.port] * 4, "pinged")
    if kind != "caddy":
        assert not await silence([web.settings.port for web in stage.webs], "silent"), (
            "the time-out does nothing"
        )


async def _stays_open(socket: ClientConnection, seconds: float) -> bool:
    await socket.recv()
    try:
        async with asyncio.timeout(seconds):
            while True:
                await socket.recv()
    except TimeoutError:
        return True
    except ConnectionClosed:
        return False


async def _until(holds: Any) -> None:
    async with asyncio.timeout(GUARD_SECONDS):
        while not holds():  # noqa: ASYNC110 - viewers tell nobody
            await asyncio.sleep(0.02)
