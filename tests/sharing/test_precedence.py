"""A search that shows matches gives way to another store's that shows none yet, for a moment."""

import asyncio

from server.sharing.precedence import Precedence, Rank
from tests.virtual_time import run_virtually

PAUSE = 0.02


def now() -> float:
    """Return the loop's time in seconds."""
    return asyncio.get_running_loop().time()


def first(precedence: Precedence, store_id: str) -> Rank:
    """Return the rank of a search of the store that shows nothing yet."""
    rank = Rank(precedence, store_id)
    rank.gain()
    return rank


async def gives_way(precedence: Precedence, store_id: str) -> float:
    """Return how many seconds a search of the store gives way."""
    began = now()
    await precedence.give_way(store_id)
    return now() - began


def test_it_gives_way_until_the_other_one_shows_matches() -> None:
    async def run() -> None:
        precedence = Precedence(PAUSE)
        other = first(precedence, "calm")
        asyncio.get_running_loop().call_later(PAUSE / 4, other.lose)
        assert PAUSE / 4 <= await gives_way(precedence, "stormy") < PAUSE / 2
        assert await gives_way(precedence, "stormy") == 0

    run_virtually(run())


def test_it_gives_way_only_for_a_moment() -> None:
    """Without this, a store would starve while others keep searching, or Postgres keeps one waiting."""

    async def run() -> None:
        precedence = Precedence(PAUSE)
        first(precedence, "calm")
        assert PAUSE <= await gives_way(precedence, "stormy") < 1.5 * PAUSE

    run_virtually(run())


def test_it_gives_way_to_everyone_within_the_same_moment() -> None:
    async def run() -> None:
        precedence, loop = Precedence(PAUSE), asyncio.get_running_loop()
        one, other = first(precedence, "calm"), first(precedence, "quiet")
        loop.call_later(PAUSE / 4, one.lose)
        loop.call_later(PAUSE / 2, other.lose)
        assert PAUSE / 2 <= await gives_way(precedence, "stormy") < 0.75 * PAUSE

    run_virtually(run())


def test_searches_of_one_store_do_not_give_way_to_each_other() -> None:
    async def run() -> None:
        precedence = Precedence(PAUSE)
        first(precedence, "stormy")
        assert await gives_way(precedence, "stormy") == 0

    run_virtually(run())


def test_precedence_is_lost_once() -> None:
    """A search loses it with its first matches and again at its end; the store's other one keeps its own."""

    async def run() -> None:
        precedence = Precedence(PAUSE)
        one, other = first(precedence, "calm"), first(precedence, "calm")
        one.lose()
        one.lose()
        assert await gives_way(precedence, "stormy") >= PAUSE
        other.lose()
        assert await gives_way(precedence, "stormy") == 0

    run_virtually(run())
