"""What the doctor says of replicas, by what they said of themselves."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.doctor.probes.replicas import server_of
from server.doctor.subjects.replicas import FAR_BYTES, Followed, Replica, judge_replicas
from tests.doctor.verdicts import FAULT, WARNING, Said, said

FIT = Replica(
    name="replica_1", server="db-2:5432", follows=True, system=7, timeline=3, database="deals", streams=True,
    behind_bytes=0, applied_seconds_ago=4_000.0,
)  # fmt: skip
PRIMARY = Followed(replicas=(), system=7, timeline=3, database="deals")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Nothing was written for an hour, and it has all of it.
        ({}, []),
        ({"behind_bytes": None, "applied_seconds_ago": None}, []),
        ({"error": "no answer within 2 s"}, [("replica.away", WARNING)]),
        ({"behind_bytes": 900, "applied_seconds_ago": 4.0}, [("replica.behind", WARNING)]),
        ({"behind_bytes": 900, "applied_seconds_ago": 300.0}, [("replica.behind", FAULT)]),
        ({"behind_bytes": FAR_BYTES, "applied_seconds_ago": None}, [("replica.behind", FAULT)]),
        ({"timeline": 2}, [("replica.behind", WARNING)]),
        ({"system": 8}, [("replica.foreign", FAULT)]),
        ({"database": "other"}, [("replica.foreign", FAULT)]),
        ({"follows": False}, [("replica.foreign", FAULT)]),
        # A primary of its own since it was promoted: that comes before how far it was.
        ({"follows": False, "timeline": 4, "behind_bytes": 900}, [("replica.foreign", FAULT)]),
    ],
)  # fmt: skip
def test_replicas(changes: dict[str, Any], expected: Said) -> None:
    found = replace(PRIMARY, replicas=(replace(FIT, **changes),))
    assert said(judge_replicas(found)) == expected


def test_what_is_known_without_a_primary() -> None:
    """Whether it answers and is a replica at all; not whose."""
    away = Followed(replicas=(FIT, replace(FIT, follows=False), replace(FIT, error="refused")))
    assert said(judge_replicas(away)) == [("replica.foreign", FAULT), ("replica.away", WARNING)]


def test_a_server_is_named_without_its_login() -> None:
    assert server_of("postgresql://deal_app:se%40cret@db-2:5433/deals?sslmode=verify-full") == "db-2:5433"
    assert server_of("postgresql://deal_app@/deals?host=/run/pg&port=5499") == "/run/pg:5499"
    assert server_of("postgresql:///deals") == "the default host"
