"""Repeats the last search of a deal after a decision that made it out of date. The decision does not wait for
it.

The process that publishes the decision repeats the search. The log records that the search must be repeated.
If that fails, or the process dies first, the heartbeat of a process that watches the channel finds it later.
"""

import asyncio
import uuid
from typing import Final

import structlog

from protocol.closing import CommandError
from server.database.deals.deals import Deal
from server.hub.channels.live_deals import LiveDeals
from server.log.search_log import SearchLog, SearchState
from server.observe.attending import command_arrived, ids_of
from server.observe.failing import SERVICE_FAILS
from server.search.paging.searches import SearchRequest, SearchService

ATTEMPTS: Final = 5
"""How often another search, or another decision, may come between."""


class SearchRepeats:
    """Repeats searches; ``tasks`` owns what it begins, one task for a channel at a time."""

    def __init__(
        self, log: SearchLog, deals: LiveDeals, searches: SearchService, tasks: asyncio.TaskGroup
    ) -> None:
        self._log = log
        self._deals = deals
        self._searches = searches
        self._tasks = tasks
        self._under_way: set[str] = set()
        self._again: set[str] = set()
        self._arrived: dict[str, float | None] = {}
        self._logger = structlog.get_logger("hub")

    def look(self, channel: str) -> None:
        """Repeat a channel's search where it is for older terms than the deal has. Returns at once."""
        self._arrived[channel] = command_arrived()
        if channel in self._under_way:
            self._again.add(channel)
            return
        self._under_way.add(channel)
        self._tasks.create_task(self._run(channel), name=f"repeat search of {channel}")

    async def _run(self, channel: str) -> None:
        try:
            while True:
                self._again.discard(channel)
                await self._repeat(channel)
                if channel not in self._again:
                    return
        except SERVICE_FAILS as error:
            self._logger.warning("search_not_repeated", **ids_of(channel), error=error)
        except CommandError as error:
            # The stock is out of reach for now.
            self._logger.warning("search_not_repeated", **ids_of(channel), error=error)
        except Exception:
            self._logger.exception("search_not_repeated", **ids_of(channel))
        finally:
            self._under_way.discard(channel)
            self._arrived.pop(channel, None)

    async def _repeat(self, channel: str) -> None:
        for _ in range(ATTEMPTS):
            last = await self._log.current(channel)
            deal = None if last is None else await self._deals.anyones(channel)
            if last is None or deal is None or last.deal_version >= deal.version:
                return
            try:
                arrived = self._arrived.get(channel)
                await self._searches.repeat(_again(channel, last, deal, arrived), last.search_id)
            except CommandError as error:
                if error.code.retry:
                    raise
                # The decision is valid even if it cannot be searched with.
                self._logger.info("not_searched_again", deal=deal.id, error=error)
                await self._log.search_stands(channel, last.search_id, deal.last_no)
                return


def _again(channel: str, last: SearchState, deal: Deal, arrived: float | None) -> SearchRequest:
    return SearchRequest(
        channel=channel,
        op=uuid.uuid5(uuid.UUID(last.search_id), f"again at version {deal.version}"),
        deal=deal,
        filters=last.filters,
        sort=last.sort,
        limit=last.limit,
        actor=last.by,
        arrived=arrived,
    )
