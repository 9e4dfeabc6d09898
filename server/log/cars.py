"""The cars on a channel's screens, in Redis, and their changes: each state is published once, in order.

The state with the greater (``rev``, ``no``) is the newer one: ``rev`` grows with changes of the car, ``no``
with changes of its claim. Several processes may report the same state; the script publishes it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from protocol import codec
from protocol.events import ON_SALE
from protocol.records import Actor
from server.log.channel_log import LogBounds
from server.log.event_json import check_job, event_body, late_matches_body
from server.log.redis_scripts import Scripts
from server.sharing.lanes import Lane


@dataclass(frozen=True, slots=True)
class CarState:
    """The state of a car as it is published: ``fields`` are those of ``vehicle_changed``.

    ``base_rev`` is the revision that a deal's own offer of the car has; None if only a search shows it.
    """

    vehicle_id: str
    rev: int
    no: int
    fields: dict[str, Any]
    base_rev: int | None = None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Cars of the current search that wait to be matched: the published rev by car."""

    search_id: str
    by: Actor
    cars: Mapping[str, int]


class ShownCars:
    """The cars that a channel's screens show, and their changes. ``redis`` must return bytes.

    Every method raises RedisError if Redis is unreachable.
    """

    def __init__(self, redis: Redis, bounds: LogBounds | None = None) -> None:
        self._scripts = Scripts(redis, bounds or LogBounds())

    async def shown(
        self, channels: Sequence[str], vehicle_ids: Sequence[str] = ()
    ) -> list[dict[str, tuple[int, int]]]:
        """Return (rev, no) by car for each channel: of ``vehicle_ids``, or of all that it shows if empty."""
        replies = await self._scripts.run_on_all("shown", channels, *vehicle_ids)
        return [_as_matched(matched) | _as_told(told) for told, matched in replies]

    async def changes(self, channel: str) -> dict[str, dict[str, Any]]:
        """Return the changes that were published since the cars were matched: fields by car."""
        reply = await self._scripts.run("changes", channel)
        return {
            car.decode(): codec.decode(fields) for car, fields in zip(reply[::2], reply[1::2], strict=True)
        }

    async def tell(self, channel: str, states: Sequence[CarState]) -> bool:
        """Publish ``vehicle_changed`` for each state that is new to the channel.

        Returns whether some of these cars now wait to be matched at another price than before.
        """
        args: list[str | bytes | float] = []
        for state in states:
            base = "" if state.base_rev is None else state.base_rev
            event = {"type": "vehicle_changed", **state.fields}
            args += [state.vehicle_id, state.rev, state.no, base]
            args += [codec.encode(state.fields), event_body(channel, event)]
            args.append("1" if state.fields["status"] in ON_SALE else "")
        return bool(await self._scripts.run("change_cars", channel, *args))

    async def unmatched(self, channel: str) -> Unmatched | None:
        """Return the cars that wait to be matched at another price; None if there are none.

        They wait until they are matched, passed over or no longer for sale, or until a new search begins.
        """
        reply: list[bytes] | None = await self._scripts.run("unmatched", channel)
        if reply is None:
            return None
        search_id, by, *cars = reply
        revs = {car.decode(): int(rev) for car, rev in zip(cars[::2], cars[1::2], strict=True)}
        return Unmatched(search_id.decode(), codec.decode_as(Actor, by), revs)

    async def pass_over(self, channel: str, cars: Mapping[str, int]) -> None:
        """Remove cars that cannot be matched at these revs from those that wait."""
        await self._scripts.run("pass_over", channel, *(item for pair in cars.items() for item in pair))

    async def match_again(
        self, channel: str, *, search_id: str, columns: dict[str, Any], job: bytes, lane: Lane
    ) -> int | None:
        """Publish ``matches`` of a late chunk: cars at another price. The search may have ended.

        Returns the chunk's number; None if another search is current, or if none of the cars still waits.
        If the job is queued from the log later, it takes the turns of ``lane``.
        """
        check_job(job)
        body = late_matches_body(channel, search_id, len(columns["vehicle_id"]), columns)
        number: int | None = await self._scripts.run(
            "late_matches", channel, search_id, *body, job, str(lane)
        )
        return number


def _as_matched(reply: list[bytes]) -> dict[str, tuple[int, int]]:
    # The field '' is the index's own mark, not a car.
    return {car.decode(): (int(rev), 0) for car, rev in zip(reply[::2], reply[1::2], strict=True) if car}


def _as_told(reply: list[bytes]) -> dict[str, tuple[int, int]]:
    pairs = ((car, *state.split(b":")) for car, state in zip(reply[::2], reply[1::2], strict=True))
    return {car.decode(): (int(rev), int(no)) for car, rev, no in pairs}
