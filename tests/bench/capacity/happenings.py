"""What happens to a deployment: the traffic of a day, and faults."""

from typing import Final

from tests.bench.capacity.model import Kind
from tests.bench.capacity.world import World

HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 24 * HOUR_SECONDS
ZONES: Final = ((0.47, 0), (0.33, 1), (0.07, 2), (0.13, 3))
"""Share of the stores, and hours behind the east coast: an assumption, about the population's."""

TRAFFIC: Final = (
    *(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.4, 0.7, 0.9, 1.0),
    *(1.0, 0.95, 0.95, 0.95, 1.0, 1.0, 0.9, 0.6, 0.3, 0.1, 0.0, 0.0),
)
"""Share of the busiest hour, by local hour: an assumption, too, of a Saturday."""

BACK_SECONDS: Final = 3
"""The sockets of a web process that died have come back after so long (``client.backoff``)."""

DRAIN_SECONDS: Final = 10
"""A web process that is replaced closes its sockets over so long (``DEAL_DRAIN_SECONDS``)."""

FAIL_OVER_SECONDS: Final = 15
"""Until a replica has replaced a node of Redis."""

SEARCHES_AGAIN_SECONDS: Final = 10


def share_of_day(second: int) -> float:
    """Return the share of the busiest hour that all zones together have, at a second of the east's day."""
    total = 0.0
    for share, behind in ZONES:
        hour, rest = divmod((second - behind * HOUR_SECONDS) % DAY_SECONDS, HOUR_SECONDS)
        total += share * (TRAFFIC[hour] + (TRAFFIC[(hour + 1) % 24] - TRAFFIC[hour]) * rest / HOUR_SECONDS)
    return total


def web_machine_dies(world: World, now: int) -> None:
    """A machine of web processes is gone: its sockets come back to others and join anew."""
    nodes = world.nodes["web"]
    nodes.cores[0] = nodes.backlog[0] = 0.0
    _join_anew(world, world.sockets / len(nodes.cores), now, BACK_SECONDS)


def web_machine_is_replaced(world: World, now: int) -> None:
    """A machine of web processes is replaced: its sockets leave it while it drains."""
    _join_anew(world, world.sockets / len(world.nodes["web"].cores), now, DRAIN_SECONDS)


def redis_node_fails_over(world: World, now: int) -> None:
    """A node of Redis dies, and its replica replaces it later. Until then what is asked of it waits.

    Its channels begin anew: everybody on them gets a snapshot, and their searches run again.
    """
    nodes = world.nodes["redis"]
    share = 1 / len(nodes.cores)
    nodes.backlog[0] += nodes.cores[0] * FAIL_OVER_SECONDS
    back = now + FAIL_OVER_SECONDS
    _join_anew(world, world.sockets * share, back, BACK_SECONDS)
    deals = world.store.open_deals * world.deployment.stores * share
    world.ask(world.each[Kind.SEARCH].times(deals), now=back, within=SEARCHES_AGAIN_SECONDS)


def queue_node_fails_over(world: World, now: int) -> None:
    """The node with a system's queue dies: jobs wait until its replica has replaced it. Searches queue their
    jobs again, which is no more than the jobs that wait.
    """
    nodes = world.nodes["queue"]
    nodes.backlog[0] += nodes.cores[0] * FAIL_OVER_SECONDS


def _join_anew(world: World, sockets: float, now: int, within: int) -> None:
    world.ask(world.each[Kind.JOIN].times(sockets), now=now, within=within)
