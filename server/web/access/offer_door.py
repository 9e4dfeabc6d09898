"""Opens the links of customers: a token becomes a cookie, within limits of its own."""

from typing import Final

import asyncpg

from protocol.closing import CommandError, ErrorCode
from server.counts.attempts import Attempts
from server.database.core.scope import StoreScopes
from server.database.decisions.edits.presenting import open_link
from server.database.people.offer_links import LinkPass, find_link
from server.web.access.addresses import counted_as

WINDOW_SECONDS: Final = 900
TRIES_OF_ADDRESS: Final = 60
"""Wrong tokens from one address in a window. A right one does not count: a store's customers may share the
store's network.
"""
OPENS_OF_ADDRESS: Final = 600
"""Opened links from one address in a window: each is a write."""


class NoSuchLink(Exception):
    """The token opens nothing. Nobody learns whether it is unknown, expired or revoked."""


class OfferDoor:
    """Opens links for one web process."""

    def __init__(self, pool: asyncpg.Pool, stores: StoreScopes, attempts: Attempts) -> None:
        self._pool = pool
        self._stores = stores
        self._attempts = attempts

    async def open(self, token: str, address: str) -> LinkPass:
        """Return the link of a token, and note in its deal that it was opened.

        Raises NoSuchLink; CommandError(rate_limited), which says how long to wait.
        """
        place = counted_as(address)
        wrong, any_ = f"wrong link from {place}", f"link from {place}"
        for name, most in ((wrong, TRIES_OF_ADDRESS), (any_, OPENS_OF_ADDRESS)):
            count, left = await self._attempts.take(name, WINDOW_SECONDS)
            if count > most:
                raise CommandError(
                    ErrorCode.RATE_LIMITED,
                    "Too many attempts. Try again later.",
                    retry_after_seconds=left,
                )
        # One statement for any token: what is unknown, expired or revoked takes the same time.
        link = await find_link(self._pool, token)
        if link is None:
            raise NoSuchLink
        await self._attempts.give_back(wrong)
        await open_link(self._stores.of(link.store_id), link.deal_id, link.link_id, link.actor)
        return link
