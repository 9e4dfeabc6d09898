"""The logs of a store's wall and list of deals in Redis: each state of a deal is published once, at most
once a second.
"""

import hashlib
from typing import Any, Final

from redis.asyncio import Redis

from protocol import codec
from server.log.channel_log import LogBounds
from server.log.event_json import event_body
from server.log.redis_scripts import Scripts

SUMMARY_MS: Final = 1_000
"""The minimum time between two summaries of one deal."""


class Walls:
    """Publishes summaries. ``redis`` must return bytes."""

    def __init__(
        self, redis: Redis, bounds: LogBounds | None = None, *, summary_ms: int = SUMMARY_MS
    ) -> None:
        self._scripts = Scripts(redis, bounds or LogBounds())
        self._summary_ms = summary_ms

    async def told_of(self, channel: str) -> set[str]:
        """Return the deals that the channel's log has published, also removed ones. Raises RedisError."""
        told, _ = await self._scripts.run("shown", channel)
        return {deal_id.decode() for deal_id in told[::2]}

    async def summarise(self, channel: str, summary: dict[str, Any]) -> float:
        """Publish a deal's ``deal_summary`` unless it is known or older. Several processes may call it.

        Returns the seconds after which to read the deal and try again; 0 if nothing is left to do. Raises
        RedisError.
        """
        digest = hashlib.sha256(codec.encode(summary)).hexdigest()[:32]
        body = event_body(channel, {"type": "deal_summary", **summary})
        wait: int = await self._scripts.run(
            "summarise", channel, summary["deal_id"], summary["last_no"], digest, body, self._summary_ms
        )
        return wait / 1000
