"""Who the tokens belong to, and the deals of a run: found and made before it, marked as lost after it."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from client.errors import Closed
from client.load.clients.office import Office
from client.load.clients.people import Follower
from client.load.clients.wire import Connect, Target
from client.load.planning.plan import DESK_MODES, Plan
from client.load.running.run import ROLE_MANAGER, Cast, place_of
from client.load.running.stage import NoSuchPerson, Person, make_deals
from protocol import codec
from protocol.closing import CloseCode
from protocol.events import Welcome
from protocol.rights import Right

WELCOME_SECONDS: Final = 10.0
CHANNELS_OF_LOAD: Final = 1_000
"""A connection that may join more channels than this has a token with the scope ``load``."""

CLOSING_AT_ONCE: Final = 10
CLOSE_SECONDS: Final = 20.0


async def person_of(connect: Connect, token: str) -> Person:
    """Return whose token this is, as the server's welcome says.

    Raises Refused, Unreachable, or Closed if there is no welcome.
    """
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def hear(frame: bytes) -> None:
        if not heard.done():
            heard.set_result(frame)

    def end(code: int, reason: str) -> None:
        if not heard.done():
            heard.set_exception(Closed(code, reason))

    line = await connect(token, hear, end)
    try:
        async with asyncio.timeout(WELCOME_SECONDS):
            frame = await heard
    except TimeoutError:
        raise Closed(CloseCode.ABNORMAL, "the server sent no welcome") from None
    finally:
        line.close()
    message = next(codec.decode_messages(frame))
    if not isinstance(message, Welcome):
        raise Closed(CloseCode.PROTOCOL_ERROR, "the server's first message is no welcome")
    user = message.user
    return Person(
        token=token,
        user_id=user.id,
        role=user.role.value,
        store_id=user.store_id,
        loads=message.limits.channels > CHANNELS_OF_LOAD,
        rights=frozenset(user.rights),
    )


async def cast_of(plan: Plan, connect: Connect, tokens: Sequence[str]) -> tuple[Person, Person]:
    """Return a salesperson and a manager of one store; who is missing is played by the other, if that will
    do. Raises NoSuchPerson, and what ``person_of`` raises.
    """
    people = [await person_of(connect, token) for token in tokens]
    managers = [each for each in people if each.role == ROLE_MANAGER]
    sellers = [each for each in people if each.role != ROLE_MANAGER and Right.TERMS in each.rights]
    if plan.mode in DESK_MODES:
        if not managers:
            raise NoSuchPerson("desk_manager", plan.mode)
        if not sellers:
            raise NoSuchPerson("salesperson", plan.mode)
    sales = (sellers or managers)[0]
    alike = [each for each in managers if each.store_id == sales.store_id]
    if plan.mode in DESK_MODES and not alike:
        raise NoSuchPerson(f"desk_manager of the store {sales.store_id}", plan.mode)
    return sales, (alike or [sales])[0]


async def prepare(
    plan: Plan, target: Target, people: tuple[Person, Person], progress: Callable[[int], None]
) -> Cast:
    """Make the deals of a plan. Raises Denied, Unreachable."""
    sales, manager = people
    channels = await make_deals(target, sales, plan.channels, progress)
    return Cast(sales, manager, tuple(channels))


async def clean_up(plan: Plan, cast: Cast, connect: Connect) -> int:
    """Mark the deals of a run as lost; return how many could not be."""
    office = Office(replace(plan, ramp=0.0), connect)
    office.begin(office.now())
    places = asyncio.Semaphore(CLOSING_AT_ONCE)

    async def lose(channel: str) -> bool:
        async with places:
            seat = Follower(place_of(cast.sales, "a cleaner", channel), office)
            running = asyncio.create_task(seat.run(0.0))
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await seat.live.wait()
                    deal = seat.state.deal
                    version = 0 if deal is None else deal.version
                    lost = {"type": "lose", "channel": channel, "op": str(uuid.uuid4())}
                    reply = await seat.answer(lost | {"version": version, "reason": "not_ready"})
                    return bool(reply["ok"])
            except TimeoutError:
                return False
            finally:
                seat.leave()
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running

    done = await asyncio.gather(*(lose(channel) for channel in cast.channels))
    return done.count(False)
