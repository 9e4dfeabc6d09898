"""Redis without customers: the logs of the deals and walls begin anew, and given-up jobs are dropped."""

from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis

from protocol.channels import boards_of, deal_channel
from server.log.links.connecting import servers_of
from server.log.redis_log import RedisLog
from server.work.queue import DEAD_KEY

KEYS_AT_A_TIME: Final = 500
LETTERS_AT_A_TIME: Final = 500


class Forgetting:
    """Forgets deals in two steps: ``begin_anew`` looks at their channels alone; ``finish``, once for all of
    them, at the boards of their stores and at every key that there is.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._log = RedisLog(redis)
        self._stores: set[str] = set()
        self._deals: set[str] = set()

    async def begin_anew(self, store_id: str, deal_ids: Sequence[str]) -> None:
        """Begin the channels of a store's deals anew: whoever watches one joins again and sees what Postgres
        has. Raises RedisError.
        """
        self._stores.add(store_id)
        for deal_id in deal_ids:
            await self._renew(deal_channel(deal_id))
            self._deals.add(deal_id)

    async def finish(self) -> int:
        """Begin the stores' boards anew, and drop answers to commands and given-up jobs about the deals.

        Return how many of these went. Raises RedisError.
        """
        for store_id in self._stores:
            for channel in boards_of(store_id):
                await self._renew(channel)
        gone = await self._drop_answers() + await self._drop_letters() if self._deals else 0
        self._stores.clear()
        self._deals.clear()
        return gone

    async def _renew(self, channel: str) -> None:
        await self._log.begin_anew(channel, (await self._log.head(channel)).epoch)

    async def _drop_answers(self) -> int:
        gone = 0
        beginnings = {f"{{{deal_channel(deal_id)}}}".encode() for deal_id in self._deals}
        for server in await servers_of(self._redis):
            async for key in server.scan_iter(match=f"{{{deal_channel('*')}}}:op:*", count=KEYS_AT_A_TIME):
                if key.partition(b":op:")[0] in beginnings:
                    gone += await self._redis.unlink(key)
        return gone

    async def _drop_letters(self) -> int:
        dropped, after = 0, "-"
        deal_ids = [deal_id.encode() for deal_id in self._deals]
        while letters := await self._letters(after):
            about = [
                number
                for number, fields in letters
                if any(deal_id in value for deal_id in deal_ids for value in fields.values())
            ]
            if about:
                dropped += await self._redis.xdel(DEAD_KEY, *about)
            after = f"({letters[-1][0].decode()}"
        return dropped

    async def _letters(self, after: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        letters: Any = await self._redis.xrange(DEAD_KEY, after, "+", LETTERS_AT_A_TIME)
        return list(letters)


async def forget_deals(redis: Redis, store_id: str, deal_ids: Sequence[str]) -> int:
    """Forget a store's deals at once; return how many answers and given-up jobs went. Raises RedisError."""
    forgetting = Forgetting(redis)
    await forgetting.begin_anew(store_id, deal_ids)
    return await forgetting.finish()
