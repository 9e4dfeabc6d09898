"""Redis without a customer: the logs of the deals and walls begin anew, and given-up jobs are dropped."""

from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis

from protocol.channels import boards_of, deal_channel
from server.log.links.connecting import servers_of
from server.log.redis_log import RedisLog
from server.work.queue import DEAD_KEY

KEYS_AT_A_TIME: Final = 500
LETTERS_AT_A_TIME: Final = 500


async def forget_deals(redis: Redis, store_id: str, deal_ids: Sequence[str]) -> int:
    """Begin the channels of these deals and of their store's boards anew; return how many keys went.

    Whoever watches a channel joins it again and sees what Postgres has. Raises RedisError.
    """
    gone, log = 0, RedisLog(redis)
    for deal_id in deal_ids:
        channel = deal_channel(deal_id)
        await _begin_anew(log, channel)
        for server in await servers_of(redis):
            async for key in server.scan_iter(match=f"{{{channel}}}:op:*", count=KEYS_AT_A_TIME):
                gone += await redis.unlink(key)
    for channel in boards_of(store_id):
        await _begin_anew(log, channel)
    return gone + await _drop_letters(redis, [deal_id.encode() for deal_id in deal_ids])


async def _begin_anew(log: RedisLog, channel: str) -> None:
    await log.begin_anew(channel, (await log.head(channel)).epoch)


async def _drop_letters(redis: Redis, deal_ids: Sequence[bytes]) -> int:
    dropped, after = 0, "-"
    while letters := await _letters(redis, after):
        about = [
            number
            for number, fields in letters
            if any(deal_id in value for deal_id in deal_ids for value in fields.values())
        ]
        if about:
            dropped += await redis.xdel(DEAD_KEY, *about)
        after = f"({letters[-1][0].decode()}"
    return dropped


async def _letters(redis: Redis, after: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    letters: Any = await redis.xrange(DEAD_KEY, after, "+", LETTERS_AT_A_TIME)
    return list(letters)
