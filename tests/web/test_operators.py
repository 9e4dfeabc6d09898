"""Metrics and the details of readiness: for the addresses that the operator names, and nobody else."""

import httpx
import pytest

from server.settings import Settings
from server.web.access.addresses import is_in
from tests.web.site import Site, open_site

NETWORKS = ("127.0.0.0/8", "::1", "10.1.0.0/16", "2001:db8::/32")


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True)),
        *(("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("2001:db8::7", True)),
        *(("10.2.0.1", False), ("192.0.2.7", False), ("2001:db9::7", False), ("::2", False)),
        *(("", False), ("unknown", False), ("127.0.0.1:80", False), ("x" * 100_000, False)),
    ],
)
def test_addresses_of_networks(host: str, inside: bool) -> None:
    """An address counts in either form; what is no address is nowhere."""
    assert is_in(host, NETWORKS) is inside


async def looked(site: Site, address: str, **headers: str) -> tuple[int, httpx.Response]:
    """Ask for metrics and readiness from an address; return the status of the one and the other's answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.browser(address=address, headers=named) as probe:
        return (await probe.get("/metrics")).status_code, await probe.get("/readyz")


@pytest.mark.flow
async def test_details_are_for_operators(site: Site, settings: Settings) -> None:
    """Everybody learns whether a process is ready; why it is not, and its figures, only who is named."""
    assert site
    async with open_site(settings, demo=False) as plain:
        for address in ("127.0.0.1", "::1"):
            status, ready = await looked(plain, address)
            assert status == 200
            assert ready.json() == {"ready": True, "checks": {"postgres": True, "redis": True}}
        plain.checks["redis"] = False
        for address in ("192.0.2.7", "10.1.2.3", "2001:db8::7"):
            status, ready = await looked(plain, address)
            assert status == 403
            assert (ready.status_code, ready.json()) == (503, {"ready": False})


@pytest.mark.flow
async def test_a_proxy_makes_nobody_local(site: Site, settings: Settings) -> None:
    """What a proxy on this machine passes on is not of this machine, whether or not the proxy is trusted."""
    assert site
    for proxies in ((), ("127.0.0.1",)):
        async with open_site(settings, demo=False, trusted_proxies=proxies) as plain:
            for headers in (
                {"x_forwarded_for": "192.0.2.7"},
                {"forwarded": "for=127.0.0.1"},
                {"via": "1.1 a"},
            ):
                status, ready = await looked(plain, "127.0.0.1", **headers)
                assert (status, ready.json()) == (403, {"ready": True})


@pytest.mark.flow
async def test_operators_elsewhere(site: Site, settings: Settings) -> None:
    """An address that is named counts, also through a proxy that is trusted."""
    assert site
    named = {"trusted_proxies": ("127.0.0.1",), "metrics_from": ("10.1.0.0/16",)}
    async with open_site(settings, demo=False, **named) as plain:
        assert (await looked(plain, "10.1.2.3"))[0] == 200
        assert (await looked(plain, "10.1.2.3", x_forwarded_for="10.1.2.3"))[0] == 200
        assert (await looked(plain, "127.0.0.1"))[0] == 403
