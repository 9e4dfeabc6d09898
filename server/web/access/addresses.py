"""The client address of a request: how it is counted, and which proxies may state it."""

import ipaddress
from collections.abc import Iterable
from typing import Final

UNKNOWN: Final = "unknown"
"""The place of all requests without an address: a single one, so that nobody gets many."""

_LONGEST: Final = 64


def counted_as(host: str) -> str:
    """Return the place that attempts from ``host`` count for.

    That is an IPv4 address, or the /64 network of an IPv6 address, which belongs to one host or household.
    """
    try:
        address = ipaddress.ip_address(host[:_LONGEST])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


def is_in(host: str, networks: Iterable[str]) -> bool:
    """Return whether ``host`` is an address of one of ``networks``; False if it is no address."""
    try:
        address = ipaddress.ip_address(host[:_LONGEST])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network) for network in networks)


def hosts_of(proxies: Iterable[str]) -> list[str]:
    """Return trusted addresses and networks as a socket may show them.

    A dual-stack socket shows an IPv4 address as an IPv6 one.
    """
    hosts: list[str] = []
    for proxy in proxies:
        hosts.append(proxy)
        network = ipaddress.ip_network(proxy)
        if isinstance(network, ipaddress.IPv4Network):
            hosts.append(f"::ffff:{network.network_address}/{96 + network.prefixlen}")
    return hosts
