"""Who may keep a car from whom: so many for a person and a store; the desk that owns it has the last word."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.records import Actor, Role
from server.database.core.pool import open_pool, open_system_pool
from server.database.core.scope import RowScope, StoreScopes, everything
from server.database.deals.new_deals import MAX_NEW_DEALS, create_deal
from server.database.decisions.agreement.overrides import end_other_holds
from server.database.decisions.deciding import Decided
from server.database.decisions.edits.claims import (
    MAX_HOLDS_OF_PERSON,
    MAX_HOLDS_OF_STORE,
    HeldElsewhere,
    hold_vehicle,
    release_vehicle,
)
from server.database.people.users import find_by_login
from server.settings import Settings
from tests.services import open_owner_pool

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0


@dataclass(frozen=True)
class Group:
    """Two stores of one group with their people, and two pools as of two processes."""

    owner: asyncpg.Pool
    stores: Sequence[StoreScopes]
    system: RowScope

    async def person(self, login: str) -> Actor:
        """Return somebody of the sample staff."""
        account = await find_by_login(self.owner, login)
        assert account is not None
        return Actor(id=account.id, name=account.name, role=account.role)

    async def cars(self, store_id: str, number: int) -> list[int]:
        """Return cars that a store has for sale."""
        rows = await self.owner.fetch(
            "SELECT vehicle_id FROM vehicles WHERE store_id = $1 AND status = 'available'"
            " ORDER BY vehicle_id LIMIT $2",
            *(store_id, number),
        )
        assert len(rows) == number
        return [row["vehicle_id"] for row in rows]

    async def deals(self, store_id: str, number: int) -> list[str]:
        """Begin deals, with which nobody means anything."""
        rows = await self.owner.fetch(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure"
            "   FROM (SELECT * FROM deals WHERE store_id = $1 ORDER BY deal_id LIMIT 1) one,"
            "        generate_series(1, $2::int) RETURNING deal_id::text",
            *(store_id, number),
        )
        return [row["deal_id"] for row in rows]

    async def hold(self, store_id: str, deal: str, car: int, by: Actor, *, process: int = 0) -> Decided:
        """Hold a car."""
        return await hold_vehicle(self.stores[process].of(store_id), deal, car, op=uuid.uuid4(), actor=by)

    async def release(
        self, store_id: str, deal: str, car: int, by: Actor, *, op: uuid.UUID | None = None
    ) -> list[str]:
        """Let a car go as the hub does it; return the other deals that this changed."""
        given = op or uuid.uuid4()
        try:
            await release_vehicle(self.stores[0].of(store_id), deal, car, op=given, actor=by)
        except HeldElsewhere:
            _, others = await end_other_holds(self.system, deal, car, op=given, actor=by)
            return [each.deal_id for each in others]
        return []

    async def held_by(self, car: int) -> str | None:
        """Return the deal that holds a car."""
        found: str | None = await self.owner.fetchval(
            "SELECT held_by::text FROM vehicle_claims WHERE vehicle_id = $1 AND held_until > now()", car
        )
        return found

    async def events(self, deal: str) -> list[tuple[str, str]]:
        """Return kind and author of what was decided about a deal."""
        rows = await self.owner.fetch(
            "SELECT kind, body->'by'->>'name' AS name FROM deal_events WHERE deal_id::text = $1 ORDER BY no",
            deal,
        )
        return [(row["kind"], row["name"]) for row in rows]


@pytest.fixture
async def group(stocked: Settings) -> AsyncIterator[Group]:
    """The sample stores, over pools of the roles that the product uses."""
    one, two = await open_pool(stocked), await open_pool(stocked)
    system, owner = await open_system_pool(stocked), await open_owner_pool(stocked)
    async with one, two, system, owner:
        yield Group(owner, (StoreScopes(one), StoreScopes(two)), everything(system))


def refusals(outcomes: Sequence[Decided | BaseException]) -> list[CommandError]:
    """Return those that were refused; anything else that failed is a fault."""
    failed = [each for each in outcomes if isinstance(each, BaseException)]
    assert all(isinstance(each, CommandError) for each in failed), failed
    return [each for each in failed if isinstance(each, CommandError)]


async def refused(doing: Any) -> CommandError:
    """Return how a command was refused."""
    with pytest.raises(CommandError) as caught:
        await doing
    return caught.value


async def test_a_person_holds_so_many_cars_in_any_number_of_deals(group: Group) -> None:
    """Fifteen holds at once, in throwaway deals and over two processes: no more than the limit succeed."""
    ann = await group.person("riverside-sales")
    deals = await group.deals("riverside", 15)
    cars = await group.cars("northgate", 15)
    async with asyncio.timeout(GUARD_SECONDS):
        outcomes = await asyncio.gather(
            *(
                group.hold("riverside", deal, car, ann, process=place % 2)
                for place, (deal, car) in enumerate(zip(deals, cars, strict=True))
            ),
            return_exceptions=True,
        )
    refused_ones = refusals(outcomes)
    assert len(outcomes) - len(refused_ones) == MAX_HOLDS_OF_PERSON
    for error in refused_ones:
        assert (error.code, error.detail["field"]) == (ErrorCode.CONFLICT, "vehicle_id")
        assert error.detail["limit"] == MAX_HOLDS_OF_PERSON
        assert "Release one" in error.message
    # A held car may be held for longer, and one that is let go makes room.
    held = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Decided)]
    free = next(place for place in range(15) if place not in held)
    await group.hold("riverside", deals[held[0]], cars[held[0]], ann)
    await group.release("riverside", deals[held[0]], cars[held[0]], ann)
    await group.hold("riverside", deals[free], cars[free], ann)
    # The limit is a person's: a colleague holds as many.
    bea = await group.person("riverside-manager")
    await group.hold("riverside", deals[held[0]], cars[held[0]], bea)


async def test_holds_that_ran_out_do_not_count(group: Group) -> None:
    """Nor do those of a deal that is over."""
    ann = await group.person("riverside-sales")
    deals = await group.deals("riverside", MAX_HOLDS_OF_PERSON + 1)
    cars = await group.cars("riverside", MAX_HOLDS_OF_PERSON + 1)
    for deal, car in zip(deals[:-1], cars, strict=False):
        await group.hold("riverside", deal, car, ann)
    assert (await refused(group.hold("riverside", deals[-1], cars[-1], ann))).code is ErrorCode.CONFLICT
    await group.owner.execute(
        "UPDATE vehicle_claims SET held_until = now() - interval '1 second' WHERE vehicle_id = $1", cars[0]
    )
    await group.hold("riverside", deals[-1], cars[-1], ann)


async def test_a_store_holds_so_many_cars(group: Group) -> None:
    """However many people it has; its neighbour's holds are its neighbour's."""
    people = await group.owner.fetch(
        "INSERT INTO users (login, name, role, store_id)"
        " SELECT 'extra-' || place, 'Extra ' || place, 'salesperson', 'riverside'"
        "   FROM generate_series(1, 8) AS place RETURNING user_id::text, name"
    )
    staff = [Actor(id=row["user_id"], name=row["name"], role=Role.SALESPERSON) for row in people]
    deals = await group.deals("riverside", 50)
    cars = await group.cars("northgate", 50)
    wanted = list(zip(deals[:48], cars, [each for each in staff for _ in range(6)], strict=False))
    async with asyncio.timeout(GUARD_SECONDS):
        outcomes = await asyncio.gather(
            *(
                group.hold("riverside", deal, car, by, process=place % 2)
                for place, (deal, car, by) in enumerate(wanted)
            ),
            return_exceptions=True,
        )
    refused_ones = refusals(outcomes)
    assert len(outcomes) - len(refused_ones) == MAX_HOLDS_OF_STORE
    assert {(error.code, error.detail["limit"]) for error in refused_ones} == {
        (ErrorCode.CONFLICT, MAX_HOLDS_OF_STORE)
    }
    neighbour, (deal,) = await group.person("northgate-sales"), await group.deals("northgate", 1)
    await group.hold("northgate", deal, cars[-1], neighbour)


async def test_the_desk_that_owns_the_car_ends_another_stores_hold(group: Group) -> None:
    """The other deal reads in its own log who did it; a salesperson may not, nor learns whose it was."""
    (car,) = await group.cars("riverside", 1)
    (ours,), (theirs,) = await group.deals("riverside", 1), await group.deals("northgate", 1)
    sales, manager = await group.person("riverside-sales"), await group.person("riverside-manager")
    neighbour = await group.person("northgate-sales")
    await group.hold("northgate", theirs, car, neighbour)
    shut = await refused(group.release("riverside", ours, car, sales))
    assert (shut.code, shut.detail["field"], shut.detail["value"]) == (
        ErrorCode.CONFLICT,
        "vehicle_id",
        "other",
    )
    assert neighbour.name not in str(shut) and theirs not in str(shut.detail)
    assert await group.held_by(car) == theirs
    op = uuid.uuid4()
    assert await group.release("riverside", ours, car, manager, op=op) == [theirs]
    assert await group.held_by(car) is None
    assert await group.events(theirs) == [
        ("vehicle_held", neighbour.name),
        ("vehicle_released", manager.name),
    ]
    assert await group.events(ours) == []
    # Sent again, it ends no hold that somebody took since.
    await group.hold("northgate", theirs, car, neighbour)
    assert await group.release("riverside", ours, car, manager, op=op) == []
    assert await group.held_by(car) == theirs


async def test_a_car_and_a_deal_of_another_store_are_not_ours_to_free(group: Group) -> None:
    """A manager frees the own store's cars, and those that the own store's deals hold; no others."""
    (car,) = await group.cars("northgate", 1)
    (one, two), (theirs,) = await group.deals("riverside", 2), await group.deals("northgate", 1)
    manager, neighbour = await group.person("riverside-manager"), await group.person("northgate-sales")
    await group.hold("northgate", theirs, car, neighbour)
    shut = await refused(group.release("riverside", one, car, manager))
    assert (shut.code, shut.detail["value"]) == (ErrorCode.CONFLICT, "other")
    await group.release("northgate", theirs, car, neighbour)
    await group.hold("riverside", two, car, await group.person("riverside-sales"))
    assert await group.release("riverside", one, car, manager) == [two]
    assert await group.held_by(car) is None


async def test_two_desks_that_free_each_others_cars_do_not_wait_for_each_other(group: Group) -> None:
    """Each command changes both deals; whatever the order in which they come, all are done."""
    mine, yours = (await group.cars("riverside", 1))[0], (await group.cars("northgate", 1))[0]
    (ours,), (theirs,) = await group.deals("riverside", 1), await group.deals("northgate", 1)
    manager, neighbour = await group.person("riverside-manager"), await group.person("northgate-manager")
    for _ in range(10):
        await group.hold("riverside", ours, yours, manager)
        await group.hold("northgate", theirs, mine, neighbour)
        async with asyncio.timeout(GUARD_SECONDS):
            freed = await asyncio.gather(
                group.release("riverside", ours, mine, manager),
                group.release("northgate", theirs, yours, neighbour),
            )
        assert freed == [[theirs], [ours]]
    assert await group.held_by(mine) is await group.held_by(yours) is None


async def test_a_person_begins_so_many_deals_in_an_hour(group: Group) -> None:
    """At once and over two processes; who waits begins more. A command that came twice begins one."""
    account = await find_by_login(group.owner, "riverside-sales")
    assert account is not None
    customer = await group.owner.fetchval(
        "SELECT customer_id::text FROM customers WHERE store_id = 'riverside' LIMIT 1"
    )
    await group.owner.execute("UPDATE deals SET created_at = now() - interval '61 minutes'")

    async def begin(process: int, deal_id: uuid.UUID | None = None) -> str:
        async with group.stores[process].of("riverside").acquire() as database:
            return (await create_deal(database, account, customer, deal_id=deal_id)).id

    async with asyncio.timeout(GUARD_SECONDS):
        outcomes = await asyncio.gather(
            *(begin(place % 2) for place in range(MAX_NEW_DEALS + 5)), return_exceptions=True
        )
    late = [each for each in outcomes if isinstance(each, CommandError)]
    assert [type(each) for each in outcomes if not isinstance(each, str) and each not in late] == []
    assert len(late) == 5
    for error in late:
        assert error.code is ErrorCode.RATE_LIMITED
        wait = error.detail["retry_after_seconds"]
        assert isinstance(wait, int) and 3_500 < wait <= 3_600
    # A load tester's deals are not held to that.
    async with group.stores[0].of("riverside").acquire() as database:
        await create_deal(database, account, customer, paced=False)
    await group.owner.execute("UPDATE deals SET created_at = now() - interval '61 minutes'")
    same = uuid.uuid4()
    begun = await asyncio.gather(*(begin(place % 2, same) for place in range(8)))
    assert set(begun) == {str(same)}
