"""What Redis was asked, from two looks at its counters."""

import pytest

from server.doctor.probes.redis import command_name
from server.doctor.redis_watch.calls import Counters, client_groups, command_loads, watched
from server.doctor.scripts import script_names
from server.doctor.subjects.redis_facts import SlowCommand
from server.log.redis_scripts import SCRIPT_NAMES


def stat(calls: int, usec: int, **more: int) -> dict[str, int]:
    """Return one command's counters, as redis-py reads them."""
    return {"calls": calls, "usec": usec, **more}


def test_commands_are_counted_between_the_looks() -> None:
    """That which took most time comes first; what was not called is left out, and so is the watch itself."""
    before = {
        "cmdstat_get": stat(100, 1_000),
        "cmdstat_evalsha": stat(10, 5_000, failed_calls=1),
        "cmdstat_set": stat(7, 70),
        "cmdstat_info": stat(4, 400),
    }
    after = {
        "cmdstat_get": stat(300, 2_000),
        "cmdstat_evalsha": stat(20, 14_000, failed_calls=3),
        "cmdstat_set": stat(7, 70),
        "cmdstat_info": stat(6, 600),
        "cmdstat_xinfo|consumers": stat(1, 0),
        "latency_percentiles_usec_evalsha": {"p50": 500.0, "p99": 1_500.0},
    }

    found = command_loads(before, after, 2.0)

    assert [each.command for each in found] == ["EVALSHA", "GET", "XINFO CONSUMERS"]
    evalsha, get, _ = found
    assert (evalsha.calls, evalsha.calls_per_second, evalsha.us_per_call, evalsha.share) == (
        10,
        5.0,
        900.0,
        0.9,
    )
    assert (evalsha.failed, evalsha.p99_us, evalsha.busy_share) == (2, 1_500.0, 0.0045)
    assert (get.us_per_call, get.share, get.p99_us) == (5.0, 0.1, None)


def test_counters_that_began_anew_count_from_nothing() -> None:
    """Redis restarted, or somebody reset its counters."""
    (found,) = command_loads({"cmdstat_get": stat(900, 900)}, {"cmdstat_get": stat(5, 50)}, 1.0)

    assert (found.calls, found.us_per_call) == (5, 10.0)


def test_clients_are_grouped_by_name() -> None:
    """Those without a name go by their library."""
    found = client_groups(
        [
            {"name": "", "lib-name": "redis-py", "sub": "1", "omem": "2048", "flags": "P"},
            {"name": "", "lib-name": "redis-py", "sub": "0", "omem": "0", "flags": "b"},
            {"name": "grafana", "flags": "N"},
            {"flags": "N"},
        ]
    )

    assert [
        (each.name, each.connections, each.subscribed, each.blocked, each.buffered_bytes) for each in found
    ] == [
        ("redis-py", 2, 1, 1, 2048),
        ("grafana", 1, 0, 0, 0),
        ("no name", 1, 0, 0, 0),
    ]


def test_rates_and_what_is_not_seen() -> None:
    """Bytes and keys a second; that scripts are not told apart is said."""
    before = {"total_net_input_bytes": 100, "evicted_keys": 0, "used_cpu_sys": 1.0, "db0": {"keys": 5}}
    after = {"total_net_input_bytes": 900, "evicted_keys": 8, "used_cpu_sys": 2.0, "db0": {"keys": 9}}
    slow = SlowCommand(seconds_ago=0.0, ms=20.0, command="script matches")

    found = watched(
        Counters(at=10.0, info=before, clients=[]), Counters(at=14.0, info=after, clients=[]), [slow]
    )

    assert (found.seconds, found.traffic.received_bytes_per_second, found.traffic.evicted_per_second) == (
        4.0,
        200.0,
        2.0,
    )
    assert (found.traffic.keys, found.traffic.keys_added, found.traffic.busy_share) == (9, 4, 0.25)
    assert found.slow == [slow]
    assert "which scripts" in found.unseen[0]


@pytest.mark.parametrize("name", ["matches", "presence", "usage", "queue settle"])
def test_our_scripts_are_named_by_their_digest(name: str) -> None:
    """Nothing but the name of a command is shown: its keys and values are people's."""
    digest = next(digest for digest, known in script_names().items() if known == name)

    assert command_name(f"evalsha {digest} 2 {{deal:1}}:log Lee".encode(), script_names()) == f"script {name}"


def test_other_commands_are_shown_by_name_alone() -> None:
    """A script of somebody else is one of somebody else."""
    assert command_name(b"SET customer:1 Lee", {}) == "SET"
    assert command_name(b"EVALSHA 0123 0", {}) == "script not ours"
    assert set(SCRIPT_NAMES) <= set(script_names().values())
