"""Password sign-in: throttled, and checked off the event loop, a few at a time."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import asyncpg

from server.counts.attempts import Attempts
from server.database.people.users import (
    Account,
    hash_is_outdated,
    hash_password,
    load_password,
    password_fits,
    store_password,
)
from server.web.access.address_turns import AddressTurns, Crowded
from server.web.access.addresses import counted_as

WINDOW_SECONDS: Final = 900
TRIES_FROM_HERE: Final = 10
"""Attempts for one login from one address in a window; a correct password resets the count."""

TRIES_OF_LOGIN: Final = 100
"""Attempts for one login from anywhere: high, because it also locks out the owner."""

TRIES_OF_ADDRESS: Final = 300
"""Attempts from one address for any login: a store's people may share one. A correct password does not count.
"""

AT_ONCE: Final = 2
"""The most concurrent hashes: each takes 64 MiB and tens of milliseconds of CPU."""

MOST_WAITING: Final = 200
MOST_WAITING_HERE: Final = 20
"""The most callers that wait for a hash, in all and per address; addresses take turns."""

CROWDED_SECONDS: Final = 5
"""When to try again if too many wait."""


class SignInRefused(Exception):
    """The sign-in was refused. ``status`` is for HTTP, the text for the person."""

    def __init__(self, status: int, message: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after_seconds = status, message, retry_after_seconds


@contextmanager
def hashing_threads() -> Iterator[ThreadPoolExecutor]:
    """Own the threads for password hashing, separate from those for quotes.

    On exit nobody waits: queued hashes are dropped, and a running one takes tens of milliseconds.
    """
    threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
    try:
        yield threads
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


class SignIn:
    """Checks passwords for one web process. ``demo`` says whether accounts with a public password may sign
    in.
    """

    def __init__(
        self, pool: asyncpg.Pool, attempts: Attempts, threads: ThreadPoolExecutor, *, demo: bool
    ) -> None:
        self._pool = pool
        self._attempts = attempts
        self._threads = threads
        self._demo = demo
        self._turns = AddressTurns(AT_ONCE, most=MOST_WAITING, most_of_place=MOST_WAITING_HERE)

    @property
    def has_turns(self) -> bool:
        """Whether a new sign-in is served soon, which requires that the hashing threads make progress."""
        return not self._turns.is_stalled

    async def check(self, login: str, password: str, address: str) -> Account:
        """Return the account of a login and password. Raises SignInRefused."""
        place = counted_as(address)
        here, anywhere, anybody = f"{login} from {place}", f"login {login}", f"address {place}"
        for name, most in (
            (here, TRIES_FROM_HERE),
            (anywhere, TRIES_OF_LOGIN),
            (anybody, TRIES_OF_ADDRESS),
        ):
            count, left = await self._attempts.take(name, WINDOW_SECONDS)
            if count > most:
                minutes = -(-left // 60)
                text = f"Too many attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
                raise SignInRefused(429, text, left)
        async with self._pool.acquire() as database:
            account, stored = await load_password(database, login)
        fits, renewed = await self._compare(stored, password, place)
        # The same answer for both, so that it does not reveal which one is wrong.
        if not fits or account is None or (account.demo and not self._demo):
            raise SignInRefused(401, "Username or password is wrong.")
        await self._attempts.forget(here)
        await self._attempts.forget(anywhere)
        # Not reset: otherwise one known password would buy endless guesses at the others.
        await self._attempts.give_back(anybody)
        if renewed is not None:
            async with self._pool.acquire() as database:
                await store_password(database, account.id, renewed)
        return account

    async def _compare(self, stored: str, password: str, place: str) -> tuple[bool, str | None]:
        """Return whether a password matches, and a new hash if it does and the stored one is outdated."""
        try:
            async with self._turns.turn(place):
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, _compare, stored, password
                )
        except Crowded:
            text = "Many people are signing in right now. Try again in a moment."
            raise SignInRefused(503, text, CROWDED_SECONDS) from None


def _compare(stored: str, password: str) -> tuple[bool, str | None]:
    fits = password_fits(stored, password)
    return fits, hash_password(password) if fits and hash_is_outdated(stored) else None
