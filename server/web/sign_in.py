"""Signing in with a password: throttled, checked off the event loop, a few at a time."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import asyncpg

from server.push.attempts import Attempts
from server.store.users import (
    Account,
    hash_is_outdated,
    hash_password,
    load_password,
    password_fits,
    store_password,
)
from server.web.addresses import counted_as

P = ParamSpec("P")
T = TypeVar("T")

WINDOW_SECONDS: Final = 900
TRIES_FROM_HERE: Final = 10
"""Of one login from one address, in a window; a right password begins anew."""

TRIES_OF_LOGIN: Final = 100
"""Of one login from anywhere: high, because it locks the owner out as well."""

TRIES_OF_ADDRESS: Final = 300
"""From one address, for any login: a store's people may share one. A right password does not count."""

AT_ONCE: Final = 2
"""Hashes that are computed at a time: each takes 64 MiB and tens of milliseconds of a processor."""

MOST_WAITING: Final = 50


class SignInRefused(Exception):
    """Nobody is signed in. ``status`` is for HTTP, the text for the person."""

    def __init__(self, status: int, message: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after_seconds = status, message, retry_after_seconds


class SignIn:
    """Checks passwords for one web process. ``demo`` is whether accounts with a public password count."""

    def __init__(self, pool: asyncpg.Pool, attempts: Attempts, *, demo: bool) -> None:
        self._pool = pool
        self._attempts = attempts
        self._demo = demo
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def check(self, login: str, password: str, address: str) -> Account:
        """Return whose login and password these are. Raises SignInRefused."""
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
                text = f"Too many tries. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
                raise SignInRefused(429, text, left)
        async with self._pool.acquire() as connection:
            account, stored = await load_password(connection, login)
        fits = await self._compute(password_fits, stored, password)
        # The same answer for each: which of them it was is nobody's business.
        if not fits or account is None or (account.demo and not self._demo):
            raise SignInRefused(401, "Login or password is wrong.")
        await self._attempts.forget(here)
        await self._attempts.forget(anywhere)
        # Not forgotten: one known password would buy endless guesses at the others.
        await self._attempts.give_back(anybody)
        if hash_is_outdated(stored):
            renewed = await self._compute(hash_password, password)
            async with self._pool.acquire() as connection:
                await store_password(connection, account.id, renewed)
        return account

    async def _compute(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._waiting >= MOST_WAITING:
            raise SignInRefused(503, "Many people are signing in just now. Try again in a moment.", 5)
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(function, *args, **kwargs)
        finally:
            self._waiting -= 1
