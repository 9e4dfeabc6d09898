"""What Redis knows of a deal is forgotten, whichever master has it."""

import pytest
from redis.asyncio import Redis

from protocol.channels import deal_channel
from server.log.redis_log import RedisLog
from server.privacy.forgetting import forget_deals
from tests.cluster.redis.nodes import Cluster
from tests.log.writing import decision

DEALS = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(9)]
"""Enough to be on all three masters."""


async def test_every_deal_begins_anew_and_no_answer_is_kept(redis: Redis, cluster: Cluster) -> None:
    log, epochs = RedisLog(redis), {}
    for deal_id in DEALS:
        channel = deal_channel(deal_id)
        head = epochs[channel] = await log.head(channel)
        await log.set_base(channel, head.epoch, 0)
        await log.decide(channel, 1, decision(1))
        await redis.set(f"{{{channel}}}:op:one", "an answer")
    owners = {cluster.master_of(f"{{{deal_channel(deal_id)}}}:meta") for deal_id in DEALS}
    assert len(owners) == 3
    assert await forget_deals(redis, "riverside", DEALS) == len(DEALS)
    for channel, before in epochs.items():
        after = await log.head(channel)
        assert after.epoch != before.epoch
        assert await redis.get(f"{{{channel}}}:op:one") is None


async def test_keys_are_not_looked_for_on_one_master_alone(redis: Redis) -> None:
    """Such a command would silently see a third of them."""
    with pytest.raises(ValueError, match="SCAN: expected to be sent to each of the masters"):
        async for _ in redis.scan_iter(match="*"):
            pass
