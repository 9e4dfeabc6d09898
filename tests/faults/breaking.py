"""Mechanisms of the server, each taken out on purpose, so that the checker can be seen to notice."""

from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis

from server.hub.channels import registry
from server.hub.channels.session import Session, Verdict
from server.hub.upkeep import relay
from server.log.channel_log import Entry, LogBounds
from server.log.redis_scripts import Scripts


def break_mechanism(name: str) -> None:
    """Take one of ``MECHANISMS`` out of this process."""
    MECHANISMS[name]()


def _no_gap_fill() -> None:
    """What is heard is delivered, whatever is missing before it; nobody looks for what was not heard."""
    receive = Session.receive

    def deliver(session: Session, entry: Entry) -> Verdict:
        if session.epoch == entry.epoch and entry.seq > session.seq:
            session.seq = entry.seq - 1
        return receive(session, entry)

    Session.receive = deliver  # type: ignore[method-assign]
    registry.Feed.confirmed = lambda _: None  # type: ignore[method-assign,misc]
    registry.Feed.compare = lambda *_: False  # type: ignore[method-assign,misc]


def _no_epoch_check() -> None:
    """A log that lost its end in a restart is continued: numbers are given a second time."""
    _change_scripts("if string.sub(epoch, 1, #own) ~= own then return false end", "")


def _no_idempotency_key() -> None:
    """A chunk's offers are published as often as somebody has them."""
    _change_scripts(
        "if redis.call('HSETNX', OFFERS, chunk, columns) == 0 then return 'repeated' end",
        "redis.call('HSET', OFFERS, chunk, columns)",
    )
    # Nor is anybody told that a job is done.
    _change_scripts("redis.call('ZSCORE', DUE, ARGV[7])\n    and ", "")
    _change_scripts("if not given_up then redis.call('HDEL', JOBS, chunk) end", "")


def _relay_reversed() -> None:
    """Decisions that wait are published the last one first, and the log takes them as they come."""
    _change_scripts("if last == -1 or first > last + 1 then", "if last == -1 then")
    _change_scripts(
        "if no > last then\n        redis.call('HSET', META, 'no', no)",
        "if true then\n        redis.call('HSET', META, 'no', math.max(no, last))",
    )
    events_after = relay.events_after

    async def reversed_events(*arguments: Any) -> list[Any]:
        return list(reversed(await events_after(*arguments)))

    relay.events_after = reversed_events
    decide = relay.Relay._decide

    async def decide_each(own: relay.Relay, channel: str, decisions: Any) -> Any:
        for each in decisions:
            outcome, _ = await decide(own, channel, [each])
        return outcome, (await own._log.head(channel)).no

    relay.Relay._decide = decide_each  # type: ignore[method-assign]

    async def leave_to_others(_own: relay.Relay, _decided: Any) -> None:
        """So that decisions wait for each other: whoever watches the deal reads them from Postgres."""

    relay.Relay.tell = leave_to_others  # type: ignore[method-assign]


MECHANISMS: dict[str, Callable[[], None]] = {
    "gap fill": _no_gap_fill,
    "epoch check": _no_epoch_check,
    "idempotency key": _no_idempotency_key,
    "relay order": _relay_reversed,
}


def _change_scripts(old: str, new: str) -> None:
    """Replace a line of the scripts. A line that stands in none of them would break nothing."""
    register = Redis.register_script
    changed = _source_has(old)
    assert changed, f"no script has {old!r}"

    def register_changed(client: Redis, script: Any) -> Any:
        return register(client, script.replace(old, new))

    Redis.register_script = register_changed  # type: ignore[method-assign,assignment]


def _source_has(line: str) -> bool:
    scripts = Scripts(Redis(), LogBounds())
    return any(line in script.script for script in scripts._scripts.values())
