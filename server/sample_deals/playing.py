"""Plays the sample deals that a database with the sample stores does not have yet."""

import datetime as dt
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, ParamSpec, TypeVar

from server.clock import utc_now
from server.compute.pool import ComputePool
from server.database.core.pool import connect_as_owner, open_pool, open_system_pool
from server.database.core.scope import StoreScopes, everything
from server.database.deals.new_deals import create_deal
from server.database.decisions.moves.customers import create_customer
from server.database.people.users import Account, find_by_login
from server.hub.commands.quoting.quotes import Quotes
from server.sample_deals.desk import DealAtWork, Desk
from server.sample_deals.stories import STORIES, Story
from server.settings import Settings
from server.sharing.lanes import Lane
from server.work.editions import Editions

LOCK: Final = 0x706C6179  # "play"

P = ParamSpec("P")
R = TypeVar("R")


class HereAndNow(ComputePool):
    """Computes in the caller's own turn: nobody else waits while sample data is made."""

    async def run(self, lane: Lane, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``function`` returns."""
        return function(*args, **kwargs)


async def play_deals(settings: Settings, stories: tuple[Story, ...] = STORIES) -> int:
    """Work the deals whose customers the sample stores do not know yet; return how many.

    Two processes at once do it once. Raises CommandError or LookupError for a story that does not work out.
    """
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(connect_as_owner(settings.database_owner_url))
        await owner.execute("SELECT pg_advisory_lock($1)", LOCK)
        pool = await stack.enter_async_context(await open_pool(settings))
        system = await stack.enter_async_context(await open_system_pool(settings))
        stores, editions = StoreScopes(pool), Editions(everything(system))
        quotes, today = Quotes(stores, HereAndNow(), editions), utc_now().date()
        played = 0
        for story in stories:
            known = await owner.fetchval(
                "SELECT EXISTS (SELECT FROM customers WHERE store_id = $1 AND name = $2)",
                story.store,
                story.name,
            )
            sales = await find_by_login(owner, f"{story.store}-{story.sales}")
            # The sample of an older release has one salesperson a store.
            sales = sales or await find_by_login(owner, f"{story.store}-sales")
            manager = await find_by_login(owner, f"{story.store}-manager")
            if known or sales is None or manager is None:
                continue
            desk = Desk(stores, quotes, editions, sales, manager, today)
            await story.play(await _begun(desk, story, sales, today))
            played += 1
        return played


async def _begun(desk: Desk, story: Story, sales: Account, today: dt.date) -> DealAtWork:
    async with desk.stores.of(sales.store_id).acquire() as database:
        customer_id = await create_customer(database, sales.store_id, story.customer(today))
        deal = await create_deal(database, sales, customer_id)
    return DealAtWork(desk, deal.id)
