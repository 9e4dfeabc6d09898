"""Fixtures that every layer's tests may use. What needs real services asks for ``settings``."""

import gc
import signal
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import hypothesis
import pytest
import structlog
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from structlog.processors import JSONRenderer

from server.database.core.migrate import migrate
from server.database.sample.seed import SeedPlan
from server.embedded import EmbeddedServices
from server.settings import Settings
from tests.nursery import open_nursery
from tests.services import Database, Services, Templates, free_port, open_folder, settings_for

TESTS: Final = Path(__file__).parent
LONGEST: Final = (
    *("finance/architect/test_frontier", "browser/test_gallery", "flow/deals/test_sample_deals"),
    *("commands/test_commands", "browser/test_keyboard", "finance/quoting/test_grid"),
    *("faults/test_faults", "browser/deal/test_desk", "finance/architect/test_fixes"),
    *("log/test_stateful_log", "browser/deal/test_kinds", "flow/outages/test_ending"),
    *("finance/sheets/test_cheapest", "browser/deal/test_trade", "trips/test_budgets", "browser/test_wall"),
)
"""The files that take longest, by their places below ``tests``; no two browsers in a row."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none is left to one worker when the others have ended.

    The others are mixed: browsers and long reckonings are not all at work at the same time.
    """

    def place(item: pytest.Item) -> tuple[int, int]:
        path = item.path.relative_to(TESTS).with_suffix("").as_posix()
        return LONGEST.index(path) if path in LONGEST else len(LONGEST), zlib.crc32(path.encode())

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Leave what is imported and collected out of garbage collections: nothing of it ever is garbage."""
    gc.freeze()


def pytest_configure() -> None:
    """Let a test run that is told to end leave as by Ctrl-C: its services end with it. No test is timed."""
    # With Python's 700 the tests that reckon most spent an eighth of their time in collections.
    gc.set_threshold(200_000, 20, 10)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")
    # The usual development log draws each traceback with all locals: seconds where a test fails on purpose.
    plain = [structlog.stdlib.add_log_level, structlog.processors.format_exc_info, JSONRenderer()]
    structlog.configure(processors=plain)


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """PostgreSQL and Redis in a folder of their own, and what makes processes: for the whole session."""
    # Not pytest's own temporary folder: its path can be too long for a socket.
    with (
        open_folder(in_memory=True) as folder,
        EmbeddedServices(folder, fleeting=True) as embedded,
        open_nursery(folder),
    ):
        yield Services(embedded)


@pytest.fixture(scope="session")
def migrated(services: Services) -> Iterator[Database]:
    """A database with the schema and nothing in it: the template of the others."""
    with services.database() as database:
        migrate(database.owner_url)
        yield database


@pytest.fixture(scope="session")
def templates(services: Services, migrated: Database) -> Iterator[Templates]:
    """Databases with sample data, each made once: what tests work on are copies."""
    with ExitStack() as stack:
        yield Templates(services, migrated, stack)


@pytest.fixture
def sample() -> SeedPlan | None:
    """The sample data of a test's database. A folder or a file that wants some has a fixture of its own."""
    return None


@pytest.fixture
def database(services: Services, templates: Templates, sample: SeedPlan | None) -> Iterator[Database]:
    """A fresh database with the schema and the sample data, dropped afterwards."""
    with services.database(templates.of(sample)) as made:
        yield made


@pytest.fixture
def redis_url(services: Services) -> str:
    """The address of an empty Redis."""
    with BlockingRedis.from_url(services.redis_url) as client:
        client.flushall()
        client.script_flush()
    return services.redis_url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the empty Redis, which gives bytes."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def settings(database: Database, redis_url: str) -> Settings:
    """Settings for the test's database and Redis, with a free port, in demo mode."""
    return settings_for(database, redis_url, free_port())
