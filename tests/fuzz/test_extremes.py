"""A thousand commands at the limits of their types: each is answered, and afterwards nothing is busy."""

import asyncio
import contextlib
import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from protocol.closing import CloseCode, ErrorCode
from protocol.commands import COMMAND_TYPES, CUSTOMER_COMMANDS, Command, tag_of
from protocol.records import Role, View
from protocol.rights import TokenScope
from server.database.core.pool import connect_as_owner
from server.database.deals.deals import list_deals
from server.database.people.credentials import PERSON_SCOPES, CredentialKind, issue_credential
from server.database.people.offer_links import hash_of
from server.database.people.staff import add_user
from server.database.people.users import find_by_login
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.fuzz.extremes import Extremes, Known, Message
from tests.fuzz.wire import Target, Wire, connected, opened, read_head, request
from tests.services import Process, start_web, start_worker

pytestmark = [pytest.mark.flow, pytest.mark.timeout(400)]

STOCK: Final = SeedPlan(vehicles=80, customers=8, deals=16, stores=2)
SEED: Final = 2_000
PEOPLE: Final = 16
CONNECTIONS_EACH: Final = 2
COMMANDS_EACH: Final = 30
NEW_DEALS_EACH: Final = 4
FEWEST_HANDLED: Final = 800
"""Of 1,024: commands that were not refused for their number alone."""

FEWEST_DONE: Final = 150
"""Commands that did what they ask: a fuzz of refusals alone would try nothing."""

SETTLE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 3.0
BUSY_SHARE: Final = 0.1
"""Of one processor. Background loops take a few hundredths; a loop that never ends takes all it can get."""

MORE_THREADS: Final = 48
"""Pools of threads that fill on demand: at most 32 of asyncio's own, and those of what it calls."""


@dataclass
class Outcome:
    """What became of the commands: how many were answered how, and what ended connections."""

    answers: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    faults: list[Any] = field(default_factory=list)
    customers: set[str] = field(default_factory=set)
    """How customers are answered who send a command that is not theirs."""

    def take(self, command: Message, reply: Message | int) -> None:
        """Count an answer, and keep what should not have been one."""
        if isinstance(reply, int):
            self.closed[reply] += 1
            return
        code = "ok" if reply.get("ok") else reply["error"]["code"]
        self.answers[code] += 1
        if code in {ErrorCode.INTERNAL, ErrorCode.DEGRADED}:
            self.faults.append((command, reply))


@dataclass(frozen=True)
class Person:
    """Somebody who asks: a token, how they look at deals, and what there is in their store. A customer has a
    link.
    """

    target: Target
    view: View
    known: Known
    customers: list[str]

    @property
    def kinds(self) -> Sequence[type[Command]]:
        """The commands to draw from: of a customer's, as many are their own as are not."""
        own = [kind for kind in COMMAND_TYPES if tag_of(kind) in CUSTOMER_COMMANDS]
        return (*COMMAND_TYPES, *own * 12) if self.target.is_link else COMMAND_TYPES


@pytest.fixture(autouse=True)
def unharmed() -> Iterator[None]:
    """Nothing here uses the web process that the other tests of this folder share."""
    yield


@pytest.fixture
def sample() -> SeedPlan:
    """Sample data."""
    return STOCK


@pytest.fixture
async def web(settings: Settings, tmp_path: Path) -> AsyncIterator[Process]:
    """A web process; it must end within seconds when it is told to."""
    async with start_web(settings, tmp_path) as process:
        yield process


@pytest.fixture
async def worker(settings: Settings, tmp_path: Path) -> AsyncIterator[Process]:
    """A worker, of which the same is expected."""
    async with start_worker(settings, tmp_path) as process:
        yield process


async def people(settings: Settings, pid: int) -> list[Person]:
    """Add people of each role to two stores; some look as a customer does, some may only read. Each store has
    a customer with a link of one deal.
    """
    found = []
    async with connect_as_owner(settings.database_owner_url) as database:
        knowledge = {}
        for store in ("riverside", "northgate"):
            deals, _ = await list_deals(database, store, None, 20)
            cars = await database.fetch("SELECT vehicle_id::text FROM vehicles WHERE store_id = $1", store)
            customers = await database.fetch("SELECT customer_id FROM customers WHERE store_id = $1", store)
            known = Known([f"deal:{deal.id}" for deal in deals], [row[0] for row in cars])
            knowledge[store] = (known, [str(row[0]) for row in customers])
        for number in range(PEOPLE):
            store = ("riverside", "northgate")[number % 2]
            role, view = ROLES[number // 2 % len(ROLES)]
            login = f"fuzz-{number}"
            await add_user(
                database,
                login,
                name=f"Fuzz {number}",
                role=role,
                store_id=store,
                password=str(uuid.uuid4()),
                discount_authority_cents=2_500_00,
            )
            account = await find_by_login(database, login)
            assert account is not None
            scopes = {TokenScope.READ} if number == PEOPLE - 1 else PERSON_SCOPES
            token = await issue_credential(
                database, account.id, CredentialKind.BEARER, dt.timedelta(hours=1), scopes=scopes
            )
            known, customers = knowledge[store]
            known.people.append(account.id)
            target = Target(settings.port, token, known.channels[0], known.vehicles[0], pid)
            found.append(Person(target, view, known, customers))
        for known, customers in knowledge.values():
            token = uuid.uuid4().hex
            await database.execute(LINK, known.channels[0].removeprefix("deal:"), hash_of(token))
            target = Target(settings.port, token, known.channels[0], known.vehicles[0], pid, is_link=True)
            own = Known(known.channels[:2], known.vehicles)
            found.append(Person(target, View.CUSTOMER, own, customers))
    return found


LINK: Final = """
INSERT INTO deal_links (link_id, deal_id, token_hash, made_by, expires_at)
VALUES (gen_random_uuid(), $1::text::uuid, $2, '{"id": "u", "name": "Ann", "role": "salesperson"}',
        now() + interval '1 hour')
"""


ROLES: Final = (
    (Role.DESK_MANAGER, View.MANAGER),
    (Role.SALESPERSON, View.SALES),
    (Role.DESK_MANAGER, View.MANAGER),
    (Role.SALESPERSON, View.SALES),
    (Role.SALESPERSON, View.CUSTOMER),
    (Role.DESK_MANAGER, View.SALES),
    (Role.OPERATOR, View.MANAGER),
    (Role.DESK_MANAGER, View.MANAGER),
)


async def send_commands(person: Person, number: int, outcome: Outcome, wires: list[Wire]) -> None:
    """Send a connection's share, one after the other, and keep the connection."""
    drawn = Extremes(SEED + number, person.known, person.view, person.kinds)
    wire = wires[number]
    channels = person.known.channels
    for ref in range(COMMANDS_EACH):
        channel = channels[(number + ref // 6) % len(channels)]
        # A deal must be watched to be worked on: each six commands begin with a join.
        joins = {"type": "join", "channel": channel, "view": person.view, "since": None}
        command = drawn.command(channel) if ref % 6 else joins
        await wire.say(json.dumps({**command, "ref": ref}))
        reply = await wire.answer(ref)
        outcome.take(command, reply)
        if isinstance(reply, int):
            return
        if person.target.is_link and command["type"] not in CUSTOMER_COMMANDS:
            outcome.customers.add("ok" if reply["ok"] else reply["error"]["code"])
        if reply["ok"]:
            person.known.hear(command, reply["data"])


async def begin_deals(person: Person, number: int, outcome: Outcome) -> None:
    """Begin deals over HTTP with structures at the limits."""
    drawn = Extremes(-SEED - number, person.known, person.view)
    for place in range(NEW_DEALS_EACH):
        customer = person.customers[place % len(person.customers)]
        body = json.dumps({"customer_id": customer, "structure": drawn.structure()}).encode()
        head = request(
            "POST",
            "/api/deals",
            f"Host: 127.0.0.1:{person.target.port}",
            f"Authorization: Bearer {person.target.token}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        async with connected(person.target.port) as wire:
            await wire.send(head, body)
            status = int((await read_head(wire))[9:12])
            answer = json.loads(await wire.reader.read(-1))
        outcome.take({"http": body}, {"ok": status == 201, **answer})


async def still_answers(wire: Wire) -> bool:
    """Return whether a ping is answered, or the connection was closed by a code that clients know."""
    await wire.say('{"type":"ping","ref":999}')
    reply = await wire.answer(999)
    if isinstance(reply, int):
        return reply in set(CloseCode)
    return reply["ok"] or reply["error"]["code"] == ErrorCode.RATE_LIMITED


def family(*pids: int) -> list[psutil.Process]:
    """Return processes with all their children."""
    found = [psutil.Process(pid) for pid in pids]
    return [*found, *(child for one in found for child in one.children(recursive=True))]


def spent(processes: list[psutil.Process]) -> dict[int, float]:
    """Return the processor seconds that each has taken so far, in the kernel too."""
    return {one.pid: one.cpu_times().user + one.cpu_times().system for one in processes}


async def busiest(pids: tuple[int, ...]) -> float:
    """Return the share of a processor that the busiest process takes, once all are idle or time is over."""
    async with asyncio.timeout(SETTLE_SECONDS + LOOK_SECONDS * 2):
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLE_SECONDS
        while True:
            before = spent(family(*pids))
            await asyncio.sleep(LOOK_SECONDS)
            after = spent(family(*pids))
            share = max(after[pid] - before.get(pid, 0.0) for pid in after) / LOOK_SECONDS
            if share < BUSY_SHARE or loop.time() > end:
                return share


def faults_in(process: Process) -> list[str]:
    """Return the lines of a process's log that are about a fault of its own."""
    lines = [json.loads(line) for line in process.output().splitlines()]
    return [str(line) for line in lines if line["level"] in {"error", "critical"} or "exception" in line]


async def test_nothing_is_busy_after_a_thousand_extreme_commands(
    settings: Settings, web: Process, worker: Process
) -> None:
    """Each command is answered; then sockets answer, processors rest, threads are few, and both end."""
    everybody = await people(settings, web.pid)
    threads = {one.pid: one.num_threads() for one in family(web.pid, worker.pid)}
    outcome = Outcome()
    async with asyncio.timeout(240), contextlib.AsyncExitStack() as stack:
        seats = [person for person in everybody for _ in range(CONNECTIONS_EACH)]
        wires = [await stack.enter_async_context(opened(person.target)) for person in seats]
        async with asyncio.TaskGroup() as clients:
            for number, person in enumerate(seats):
                clients.create_task(send_commands(person, number, outcome, wires))
            for number, person in enumerate(everybody):
                clients.create_task(begin_deals(person, number, outcome))
        assert all([await still_answers(wire) for wire in wires])
    assert outcome.faults == []
    assert outcome.customers <= {ErrorCode.FORBIDDEN, ErrorCode.INVALID, ErrorCode.RATE_LIMITED}
    assert ErrorCode.FORBIDDEN in outcome.customers
    assert set(outcome.closed) <= set(CloseCode)
    assert outcome.answers.total() - outcome.answers[ErrorCode.RATE_LIMITED] >= FEWEST_HANDLED
    assert outcome.answers["ok"] >= FEWEST_DONE
    assert await busiest((web.pid, worker.pid)) < BUSY_SHARE
    for one in family(web.pid, worker.pid):
        assert one.num_threads() <= threads.get(one.pid, 0) + MORE_THREADS
    async with connected(settings.port) as wire:
        await wire.send(request("GET", "/readyz", f"Host: 127.0.0.1:{settings.port}"))
        assert (await read_head(wire)).startswith(b"HTTP/1.1 200 ")
    assert faults_in(web) + faults_in(worker) == []
