"""Which commands are let through: by what their people used up, and by what is under way."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from unittest.mock import MagicMock

import pytest
from redis.exceptions import ConnectionError as RedisGone

from protocol.closing import CommandError, ErrorCode
from protocol.commands import AnyCommand, Cost, Ping, Quote, Search
from protocol.deal.structure import StructureChanges
from protocol.records import Filters, Role
from protocol.rights import TokenScope
from server.counts.usage import Usage
from server.database.people.credentials import PERSON_SCOPES
from server.database.people.users import Account
from server.hub.connections import allowance as allowance_module
from server.hub.connections.allowance import BEGINNING_SECONDS, BEGINNINGS, SHARES, Allowance
from server.hub.connections.budgets import PERSON_UNITS
from server.hub.connections.connection import Connection
from server.observe.attending import command_wait
from tests.hub.channels.people import admitted
from tests.virtual_time import run_virtually

ANN, BOB = [Account(name, name, name, Role.SALESPERSON, "riverside") for name in ("ann", "bob")]
CAT = Account("cat", "cat", "cat", Role.SALESPERSON, "northgate")
GUARD_SECONDS = 60.0
QUOTE = Quote(
    ref=1,
    channel=f"deal:{uuid.UUID(int=0)}",
    vehicle_id="1",
    changes=StructureChanges(),
    terms_months=[],
    cash_down_cents=[],
)

SEARCH = Search(ref=1, channel=QUOTE.channel, op=uuid.UUID(int=1), filters=Filters(), sort="price")


class Counts:
    """Redis: counts for all processes, in one window; or it is away."""

    def __init__(self) -> None:
        self.people: dict[str, int] = {}
        self.is_away = False
        self.asked = asyncio.Event()

    async def add(self, stores: Mapping[str, Mapping[str, int]]) -> dict[str, Usage]:
        """Count, as ``UsageLog`` does."""
        self.asked.set()
        if self.is_away:
            raise RedisGone
        for people in stores.values():
            for person, units in people.items():
                self.people[person] = self.people.get(person, 0) + units
        return dict.fromkeys(stores, Usage(0.0, dict(self.people), {}))


def allowance(counts: Counts | None = None) -> Allowance:
    """Return the allowance of a process."""
    log: Any = counts
    return Allowance(log)


def connection(account: Account, *scopes: TokenScope) -> Connection:
    """Return a connection of a person."""
    anything: Any = MagicMock()
    return Connection(admitted(account, (*PERSON_SCOPES, *scopes)), anything, anything, anything, anything)


async def ask(allowed: Allowance, asker: Connection, command: AnyCommand = QUOTE) -> None:
    """Have a command handled that is done at once."""
    async with allowed.of(asker, command):
        pass


async def refusal(allowed: Allowance, asker: Connection) -> CommandError:
    """Return why a quote is refused."""
    with pytest.raises(CommandError) as caught:
        await ask(allowed, asker)
    return caught.value


async def test_so_many_commands_of_a_person_are_under_way_at_once() -> None:
    """The next one waits, on whichever connection; another person's, a ping and a load tester's do not."""
    allowed, release = allowance(), asyncio.Event()
    begun = 0

    async def work() -> None:
        nonlocal begun
        async with allowed.of(connection(ANN), QUOTE):
            begun += 1
            await release.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(SHARES.person + 2):
            tasks.create_task(work())
        async with asyncio.timeout(GUARD_SECONDS):
            await asyncio.sleep(0.01)
            assert begun == SHARES.person
            await ask(allowed, connection(BOB))
            await ask(allowed, connection(ANN), Ping(ref=1))
            await ask(allowed, connection(ANN, TokenScope.LOAD))
        release.set()
    assert begun == SHARES.person + 2


async def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """``busy`` may be tried again."""
    monkeypatch.setattr(allowance_module, "TURN_SECONDS", 0.01)
    allowed = allowance()
    async with asyncio.TaskGroup() as tasks:
        release = asyncio.Event()

        async def work() -> None:
            async with allowed.of(connection(ANN), QUOTE):
                await release.wait()

        for _ in range(SHARES.person):
            tasks.create_task(work())
        await asyncio.sleep(0)
        error = await refusal(allowed, connection(ANN))
        release.set()
    assert (error.code, error.code.retry) == (ErrorCode.BUSY, True)


class Searching:
    """Searches that begin, and those of them that are announced."""

    def __init__(self) -> None:
        self.allowed = allowance()
        self.begun: list[str] = []
        self.announced: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def search(self, name: str, searcher: Account) -> None:
        """Begin a search, until it is announced."""
        async with self.allowed.of(connection(searcher), SEARCH):
            self.begun.append(name)
            await self.announced[name].wait()


def test_few_searches_of_a_store_begin_at_once() -> None:
    """The next one begins when one of them is announced. Another store's begins at once, as do commands."""

    async def run() -> None:
        searching, at_once = Searching(), BEGINNINGS.store
        async with asyncio.TaskGroup() as tasks:
            for number, person in enumerate((ANN, BOB) * at_once):
                tasks.create_task(searching.search(str(number), person))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            tasks.create_task(searching.search("calm", CAT))
            await asyncio.sleep(BEGINNING_SECONDS / 4)
            assert searching.begun == [*map(str, range(at_once)), "calm"]
            await ask(searching.allowed, connection(ANN))
            searching.announced["0"].set()
            await asyncio.sleep(BEGINNING_SECONDS / 4)
            assert len(searching.begun) == at_once + 2
            for number in range(2 * at_once):
                searching.announced[str(number)].set()
            searching.announced["calm"].set()
        assert searching.allowed.beginnings.at_it == 0

    run_virtually(run())


def test_a_search_that_waits_for_postgres_does_not_keep_others_from_beginning() -> None:
    """Those that memory answers must not wait until Postgres is given up."""

    async def run() -> None:
        searching, all_of_them = Searching(), 2 * BEGINNINGS.store
        async with asyncio.TaskGroup() as tasks:
            for number, person in enumerate((ANN, BOB) * BEGINNINGS.store):
                tasks.create_task(searching.search(str(number), person))
            await asyncio.sleep(1.5 * BEGINNING_SECONDS)
            assert len(searching.begun) == all_of_them
            for number in range(all_of_them):
                searching.announced[str(number)].set()
        assert searching.allowed.beginnings.at_it == 0

    run_virtually(run())


def test_a_search_knows_how_long_it_waited_to_begin() -> None:
    async def run() -> None:
        searching, waits = Searching(), []

        async def waiting() -> None:
            async with searching.allowed.of(connection(ANN), SEARCH):
                waits.append(command_wait())

        async with asyncio.TaskGroup() as tasks:
            for number in range(BEGINNINGS.store):
                tasks.create_task(searching.search(str(number), BOB))
            await asyncio.sleep(0)
            tasks.create_task(waiting())
            await asyncio.sleep(0)
            for number in range(BEGINNINGS.store):
                searching.announced[str(number)].set()
        await asyncio.create_task(waiting())
        wait, none = waits
        assert wait is not None
        assert wait[0] < wait[1]
        assert none is None, "its turn came at once"

    run_virtually(run())


async def test_a_refused_command_takes_no_turn_and_a_load_tester_nothing() -> None:
    """Beyond the budget each command is refused at once, on every connection of the person."""
    allowed = allowance()
    for _ in range(PERSON_UNITS // Cost.PRICING):
        await ask(allowed, connection(ANN))
    error = await refusal(allowed, connection(ANN))
    assert (error.code, error.detail["budget"]) == (ErrorCode.RATE_LIMITED, "person")
    await ask(allowed, connection(ANN), Ping(ref=1))
    for _ in range(PERSON_UNITS):
        await ask(allowed, connection(ANN, TokenScope.LOAD))
    await ask(allowed, connection(BOB))


async def test_processes_settle_also_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one let through the other has heard of soon; while Redis is away each goes on by itself."""
    monkeypatch.setattr(allowance_module, "AWAY_SECONDS", 0.01)
    monkeypatch.setattr(allowance_module, "SETTLE_SECONDS", 0.01)
    counts = Counts()
    here, there = allowance(counts), allowance(counts)
    running = [asyncio.create_task(each.run()) for each in (here, there)]
    try:
        counts.is_away = True
        await ask(here, connection(ANN))
        async with asyncio.timeout(GUARD_SECONDS):
            await counts.asked.wait()
        counts.is_away = False
        more = PERSON_UNITS // Cost.PRICING - 1
        for _ in range(more):
            await ask(here, connection(ANN))
        async with asyncio.timeout(GUARD_SECONDS):
            while counts.people.get("ann", 0) < more * Cost.PRICING:  # noqa: ASYNC110 - it is settled by itself
                await asyncio.sleep(0.01)
        counts.asked.clear()
        there.expect(connection(ANN))
        async with asyncio.timeout(GUARD_SECONDS):
            await counts.asked.wait()
        left = PERSON_UNITS - counts.people["ann"]
        for _ in range(left // Cost.PRICING):
            await ask(there, connection(ANN))
        assert (await refusal(there, connection(ANN))).code is ErrorCode.RATE_LIMITED
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
