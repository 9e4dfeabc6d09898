"""Opens connections to what REDIS_URL names. Everything above works the same way with each."""

from typing import Any, Final, TypeVar

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

from server.log.links.cluster import ClusterClient
from server.log.links.direct_sending import send_directly
from server.log.links.guarded_pool import Guard, GuardedPool, redis_breaker
from server.log.links.peer import require_peer
from server.log.links.topology import MasterOfSentinels, Topology
from server.redis_address import Kind, Node, RedisAddress, parse

WAIT_SECONDS: Final = 5.0
"""How long a call waits for a free connection."""

AnyPool = TypeVar("AnyPool", bound=ConnectionPool)


def pool_of(
    address: RedisAddress,
    kind: type[AnyPool],
    uid: int | None = None,
    node: Node | None = None,
    **options: Any,
) -> AnyPool:
    """Return a pool of connections to one Redis: the single one, the master, or a ``node`` of the cluster.

    With ``uid``, a connection over a Unix socket is allowed only to a process of that account.
    """
    pool: Any
    if address.kind is Kind.SENTINEL:
        # Where the master is turns up when a connection is made.
        pool = kind.from_url(address.url_of(address.nodes[0]), **options)
        has_tls = issubclass(pool.connection_class, SSLConnection)
        pool.connection_class = SentinelManagedSSLConnection if has_tls else SentinelManagedConnection
        pool.connection_kwargs["connection_pool"] = MasterOfSentinels(address)
    else:
        pool = kind.from_url(address.url if node is None else address.url_of(node), **options)
    require_peer(pool, uid)
    opened: AnyPool = pool
    return opened


def connect(url: str, uid: int | None, kind: type[ConnectionPool], **options: Any) -> Redis:
    """Return a client that returns bytes, with a pool of this ``kind`` for each node, of these options."""
    address = parse(url)

    def open_pool(node: Node | None = None) -> ConnectionPool:
        pool = pool_of(address, kind, uid, node, **options)
        send_directly(pool)
        return pool

    if address.kind is Kind.CLUSTER:
        return ClusterClient(Topology(address), open_pool, redis_breaker())
    return Redis.from_pool(open_pool())


async def servers_of(redis: Redis) -> list[Redis]:
    """Return clients of all servers that have keys: the masters of a cluster, else the one that there is.

    Raises REDIS_FAILS if no node of a cluster answers.
    """
    return await redis.masters() if isinstance(redis, ClusterClient) else [redis]


def connect_redis(url: str, connections: int, uid: int | None = None) -> Redis:
    """Return a client that returns bytes and opens at most ``connections``, to each node of a cluster; calls
    wait until one is free.
    """
    name = "deal-architect-worker"
    pool = BlockingConnectionPool
    return connect(url, uid, pool, max_connections=connections, timeout=WAIT_SECONDS, client_name=name)


def connect_guarded(url: str, uid: int | None = None, **options: Any) -> tuple[Redis, Guard]:
    """Return a client whose commands a breaker refuses while Redis is away. ``options`` are of its pools."""
    address, breaker = parse(url), redis_breaker()

    def open_pool(node: Node | None = None) -> GuardedPool:
        pool = pool_of(address, GuardedPool, uid, node, breaker=breaker, **options)
        send_directly(pool)
        return pool

    if address.kind is Kind.CLUSTER:
        cluster = ClusterClient(Topology(address), open_pool, breaker)
        return cluster, cluster
    pool = open_pool()
    return Redis.from_pool(pool), pool
