"""Replicas that searches read from: whether each answers, follows the primary, and how far it is behind.

Nobody waits for a replica that is not fit: searches read from the primary, which has that load then.
"""

from typing import Final

from msgspec import Struct

from server.doctor.verdicts import Severity, Verdict

FAR_BYTES: Final = 2**30
FAR_SECONDS: Final = 300.0
"""From here on it will not catch up by itself within moments."""


class Replica(Struct, frozen=True, kw_only=True):
    """What a replica says of itself; ``name`` is that of its metrics, ``server`` its host and port.

    ``error`` says why it did not answer; nothing else is known then. ``system`` identifies its cluster. It
    applied its latest change ``applied_seconds_ago``, and is ``behind_bytes`` behind where the primary was
    before; both are None if that is unknown.
    """

    name: str
    server: str
    error: str = ""
    follows: bool = False
    system: int = 0
    timeline: int = 0
    database: str = ""
    streams: bool = False
    paused: bool = False
    behind_bytes: int | None = None
    applied_seconds_ago: float | None = None

    @property
    def behind_seconds(self) -> float | None:
        """How old the state is that it shows, at most; None if that is unknown."""
        return 0.0 if self.behind_bytes == 0 else self.applied_seconds_ago


class Followed(Struct, frozen=True, kw_only=True):
    """The replicas, and what they should follow: the primary's cluster, timeline and database. These are None
    if the primary did not answer.
    """

    replicas: tuple[Replica, ...]
    system: int | None = None
    timeline: int | None = None
    database: str | None = None


def judge_replicas(found: Followed) -> list[Verdict]:
    """Return what keeps searches from reading from the replicas."""
    return [verdict for one in found.replicas if (verdict := _judge(one, found)) is not None]


def _judge(one: Replica, found: Followed) -> Verdict | None:
    name = f"{one.name} ({one.server})"
    if one.error:
        return Verdict(
            check="replica.away",
            severity=Severity.WARNING,
            about=one.name,
            says=f"{name} does not answer: {one.error}. Searches read from the primary, which has that load",
            remedy="Start it, and see that this machine reaches it by its address in DATABASE_SEARCH_URL. If"
            " it is gone for good, take the address out and restart the web processes one after the other.",
        )
    return _foreign(one, found, name) or _behind(one, found, name)


def _foreign(one: Replica, found: Followed, name: str) -> Verdict | None:
    if found.system not in {None, one.system}:
        is_what, remedy = "is of another cluster than the primary", "Name a replica of the primary"
    elif not one.follows:
        is_what = "is no replica: it takes writes"
        remedy = (
            "If it was promoted on purpose, name it in DATABASE_URL, and another one"
            if found.timeline != one.timeline
            else "It is the primary itself: name a replica"
        )
    elif found.database not in {None, one.database}:
        is_what = f"is asked for the database {one.database}, and the primary for {found.database}"
        remedy = "Name the same database"
    else:
        return None
    return Verdict(
        check="replica.foreign",
        severity=Severity.FAULT,
        about=one.name,
        says=f"{name} {is_what}. Searches never read from it",
        remedy=f"{remedy} in DATABASE_SEARCH_URL, then restart the web processes one after the other. To make"
        " a replica of it again, stop it and copy it anew (pg_basebackup).",
    )


def _behind(one: Replica, found: Followed, name: str) -> Verdict | None:
    if found.timeline not in {None, one.timeline}:
        return Verdict(
            check="replica.behind",
            severity=Severity.WARNING,
            about=one.name,
            says=f"{name} is on timeline {one.timeline}, the primary on {found.timeline}: it follows an older"
            " primary, or has made no checkpoint since another one took over. Searches do not read from it",
            remedy="Run CHECKPOINT on the primary and then on the replica. If it stays, let"
            " primary_conninfo of the replica name the new primary, or copy it anew (pg_basebackup).",
        )
    if not one.behind_bytes:
        return None
    seconds = one.applied_seconds_ago
    is_far = one.behind_bytes >= FAR_BYTES or (seconds is not None and seconds >= FAR_SECONDS)
    since = "" if seconds is None else f", and its latest change is {seconds:,.0f} s old"
    return Verdict(
        check="replica.behind",
        severity=Severity.FAULT if is_far else Severity.WARNING,
        about=one.name,
        says=f"{name} is {one.behind_bytes:,} bytes behind the primary{since}{_why(one)}. Searches do not"
        " read from it meanwhile",
        remedy=_remedy(one),
    )


def _why(one: Replica) -> str:
    if one.paused:
        return "; its replay is paused"
    return "" if one.streams else "; it has no connection to the primary"


def _remedy(one: Replica) -> str:
    if one.paused:
        return "Run `SELECT pg_wal_replay_resume()` on it."
    if not one.streams:
        return (
            "Its log says why: the address or the login in primary_conninfo, or a log of the primary that is"
            " gone already. Then copy it anew (pg_basebackup), with a replication slot."
        )
    return (
        "Look for a long query on it (pg_stat_activity; max_standby_streaming_delay ends it), then at its"
        " disk and at the network (pg_stat_replication on the primary)."
    )
