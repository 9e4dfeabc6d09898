"""A cluster for the tests of a file, once of Redis and once of Valkey, empty for each of them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from server.log.links.connecting import connect_redis
from tests.cluster.redis.nodes import Cluster, open_cluster
from tests.cluster.redis.programs import program_of
from tests.services import open_folder


@pytest.fixture(scope="module", params=["redis", "valkey"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three masters with a replica each."""
    with (
        open_folder("cluster-", in_memory=True) as folder,
        open_cluster(program_of(request.param), folder) as opened,
    ):
        yield opened


@pytest.fixture
def redis_url(cluster: Cluster) -> str:
    """The address of the cluster, without any data."""
    for node in cluster.masters():
        node.ask("FLUSHALL")
    return cluster.url()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The product's client of it."""
    async with connect_redis(redis_url, 8) as client:
        yield client
