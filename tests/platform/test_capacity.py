"""The arithmetic and the simulation of ``docs/capacity.md``: what they must give, whatever was measured."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.capacity import costs as stored
from tests.bench.capacity.costs import OPERATIONS, Costs
from tests.bench.capacity.happenings import (
    DAY_SECONDS,
    FAIL_OVER_SECONDS,
    TRAFFIC,
    queue_node_fails_over,
    redis_node_fails_over,
    share_of_day,
    web_machine_dies,
)
from tests.bench.capacity.meters import Spent
from tests.bench.capacity.model import (
    Deployment,
    Fleet,
    Kind,
    Store,
    at_rest,
    cost_of,
    demand,
    fleet_for,
    full_first,
    memory_for,
    shares,
    stores_carried,
)
from tests.bench.capacity.simulation import busiest_ten_minutes, seconds_of_waiting
from tests.bench.capacity.world import PARTS, Nodes, World
from tests.bench.capacity.written import DOC, Section, put_into, sections
from tests.bench.results.curves import Curve, draw_curves

ONE = Spent(1.0, 1.0, 1.0, 0.0, 1.0)
NONE = Spent()


def costs_of(**given: Spent | float) -> Costs:
    """Return costs that are nothing but what is given."""
    empty: dict[str, object] = dict.fromkeys(OPERATIONS, NONE)
    empty |= {name: 0.0 for name in Costs.__struct_fields__ if name.endswith("_kib")}
    return Costs(machine={}, **(empty | given))  # type: ignore[arg-type]


SMALL = Deployment(stores=100)
STORE = Store()
MEASURED = stored.read()


def test_the_stored_costs_are_whole() -> None:
    """What the docs state was measured: every operation costs the web process something, and a job Redis."""
    assert all(getattr(MEASURED, name).web > 0 for name in OPERATIONS if name != "job")
    assert MEASURED.search.redis > MEASURED.job.redis > 0
    assert MEASURED.search.worker > 0
    assert MEASURED.select.postgres > MEASURED.note.postgres > 0
    assert MEASURED.channel_second.redis > 0
    assert MEASURED.socket_kib > 0


def test_costs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "costs.json"
    stored.write(MEASURED, path)
    assert stored.read(path) == MEASURED


def test_what_rests_is_sockets_and_heartbeats() -> None:
    """A hundred sockets, 30 deals with 2.5 sockets each, a wall with 25: each socket in another process.

    A wall always has events. A deal is looked after more often for ten seconds after each of its 55 events an
    hour: for 14 % of the time.
    """
    stirred = 1 - math.exp(-55 / 3600 * 10)
    quiet = costs_of(socket_second=ONE, channel_second=ONE)
    assert at_rest(quiet, STORE, SMALL).web == pytest.approx(100 + 75 * (1 - stirred))
    others = costs_of(stirred_second=ONE)
    assert at_rest(others, STORE, SMALL).web == pytest.approx(75 * stirred + 25)
    together = replace(SMALL, watching_processes=1)
    assert at_rest(others, STORE, together).web == pytest.approx(30 * stirred + 1)


def test_the_page_has_the_tables_that_the_costs_give() -> None:
    """``python -m tests.bench.capacity.simulation --write`` writes them anew."""
    page = DOC.read_text()
    assert put_into(page, sections(MEASURED, Store(), Deployment())) == page


def test_a_table_without_a_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="no place for 'more'"):
        put_into("<!-- other -->\n<!-- end -->", [Section("more", ("a",), [("1",)])])


def test_the_shares_are_all_of_the_demand() -> None:
    whole = demand(MEASURED, STORE, SMALL)
    parts = shares(MEASURED, STORE, SMALL).values()
    for place, total in enumerate(whole.parts):
        assert sum(part.parts[place] for part in parts) == pytest.approx(total)


def test_what_a_decision_costs_reaches_the_wall_too() -> None:
    costs = costs_of(note=ONE, event=ONE, delivery=ONE)
    assert cost_of(Kind.NOTE, costs, STORE, SMALL).web == pytest.approx(1 + 2.5 + 1 + 25)
    # 2.5 processes watch the deal and 25 the wall; the first of each has the event's own cost.
    costs = costs_of(process=ONE)
    assert cost_of(Kind.NOTE, costs, STORE, SMALL).web == pytest.approx(1.5 + 24)
    assert cost_of(Kind.NOTE, costs, STORE, replace(SMALL, watching_processes=1)).web == 0.0
    assert cost_of(Kind.QUOTE, costs_of(quote=ONE, delivery=ONE), STORE, SMALL).web == pytest.approx(1.0)
    assert cost_of(Kind.SEARCH, costs_of(search=ONE, match=ONE), STORE, SMALL).worker == pytest.approx(1_201)


@given(st.integers(1, 50_000), st.integers(1, 500))
def test_demand_grows_with_the_stores(stores: int, factor: int) -> None:
    one = demand(MEASURED, STORE, replace(SMALL, stores=stores))
    many = demand(MEASURED, STORE, replace(SMALL, stores=stores * factor))
    for few, more in zip(one.parts, many.parts, strict=True):
        assert more == pytest.approx(few * factor)
    fleet = fleet_for(many)
    for needed, cores in zip(many.parts, fleet.parts, strict=True):
        assert needed / 1000 <= 0.6 * cores or cores == 1


def test_memory_is_of_sockets_deals_and_what_is_written() -> None:
    costs = costs_of(socket_kib=1024.0, match_redis_kib=1.0, select_postgres_kib=8.0)
    memory = memory_for(costs, STORE, replace(SMALL, stores=1024))
    assert memory.web == pytest.approx(100.0)
    assert memory.redis == pytest.approx(60 * 1_200 / 1024)
    selects = 30 * 15 * 10
    assert memory.postgres_a_day == pytest.approx(selects * 8 / 1024)


def test_a_node_works_off_what_waits_and_a_dead_ones_share_goes_to_the_others() -> None:
    nodes = Nodes.of(8, 4)
    assert list(nodes.cores) == [4.0, 4.0]
    nodes.take(nodes.cores * 0 + 6.0)
    assert list(nodes.backlog) == [2.0, 2.0]
    assert nodes.longest_wait() == pytest.approx(0.5)
    nodes.cores[0] = 0.0
    nodes.take(nodes.cores * 0 + 2.0)
    assert list(nodes.backlog) == [2.0, 2.0]
    assert nodes.longest_wait() == pytest.approx(0.5)


def test_the_simulation_asks_what_the_arithmetic_says() -> None:
    """Over ten minutes at random, each part's load is within two hundredths of what was reckoned."""
    needed = demand(MEASURED, STORE, SMALL)
    fleet = fleet_for(needed)
    world = World(MEASURED, STORE, SMALL, fleet)
    record = busiest_ten_minutes(world)
    for part, ms in zip(PARTS, needed.parts, strict=True):
        cores = float(world.nodes[part].cores.sum())
        mean = sum(record.busy[part]) / len(record.busy[part])
        assert mean == pytest.approx(ms / 1000 / cores, rel=0.02)


def test_nothing_is_lost_where_a_part_is_too_small() -> None:
    """What a core cannot do waits: after ten minutes of twice its work, ten minutes wait."""
    costs = costs_of(note=Spent(web=1000.0 * 3600 / (30 * 20) / 100 * 2))
    record = busiest_ten_minutes(World(costs, STORE, SMALL, Fleet(1, 1, 1, 1, 1)))
    assert record.wait["web"][-1] == pytest.approx(600.0, rel=0.1)
    assert max(record.wait["redis"]) == 0.0


def test_a_fault_makes_people_wait_and_is_over() -> None:
    deployment = replace(SMALL, stores=2_000)
    fleet = fleet_for(demand(MEASURED, STORE, deployment))
    quiet = seconds_of_waiting(busiest_ten_minutes(World(MEASURED, STORE, deployment, fleet)))
    assert set(quiet.values()) == {0}
    record = busiest_ten_minutes(World(MEASURED, STORE, deployment, fleet), redis_node_fails_over)
    assert FAIL_OVER_SECONDS * 0.8 < max(record.wait["redis"]) < FAIL_OVER_SECONDS * 1.2
    assert record.wait["redis"][-1] < 1.0
    world = World(MEASURED, STORE, deployment, fleet)
    before = float(world.nodes["web"].cores.sum())
    busiest_ten_minutes(world, web_machine_dies)
    assert float(world.nodes["web"].cores.sum()) < before


def test_jobs_are_the_queues_and_no_other_nodes() -> None:
    """1,200 matches are chunks of 32, 768 and 400 cars."""
    costs = costs_of(search=Spent(redis=10.0), job=Spent(redis=1.0))
    found = cost_of(Kind.SEARCH, costs, STORE, SMALL)
    assert (found.redis, found.queue) == (7.0, 3.0)
    assert [Store(matches=matches).jobs for matches in (1, 32, 33, 800, 801)] == [1, 1, 2, 2, 3]


def test_what_a_system_has_once_is_full_first() -> None:
    """A store's 600 searches an hour have 1,800 jobs: at 2 ms a job, one node carries 1,000 stores."""
    costs = costs_of(search=Spent(postgres=1.0, redis=100.0), job=Spent(redis=2.0))
    assert full_first(costs, STORE, SMALL) == ("queue", pytest.approx(1_000))
    assert stores_carried(costs, STORE, SMALL)["postgres"] == pytest.approx(32_000 / (600 / 3600))
    fleet = fleet_for(demand(costs, STORE, replace(SMALL, stores=1_100)))
    assert fleet.queue == 2


@pytest.mark.parametrize(("growth", "waits"), [(0.9, False), (1.1, True)])
def test_the_simulation_is_full_where_the_arithmetic_says(growth: float, waits: bool) -> None:
    """One system, and enough of all else: below what it carries nobody waits, above it jobs pile up."""
    part, stores = full_first(MEASURED, STORE, SMALL)
    deployment = replace(SMALL, stores=int(stores * growth))
    fleet = replace(fleet_for(demand(MEASURED, STORE, deployment)), queue=1, postgres=32)
    record = busiest_ten_minutes(World(MEASURED, STORE, deployment, fleet))
    assert (record.wait[part][-1] > 10.0) is waits
    assert max(max(record.wait[other]) for other in PARTS if other != part) < 1.0


def test_jobs_wait_while_the_queues_node_is_replaced() -> None:
    deployment = replace(SMALL, stores=2_000)
    fleet = fleet_for(demand(MEASURED, STORE, deployment))
    record = busiest_ten_minutes(World(MEASURED, STORE, deployment, fleet), queue_node_fails_over)
    assert FAIL_OVER_SECONDS * 0.8 < max(record.wait["queue"]) < FAIL_OVER_SECONDS * 1.2
    assert record.wait["queue"][-1] < 1.0


def test_a_day_is_never_busier_than_all_zones_at_once() -> None:
    shares = [share_of_day(second) for second in range(0, DAY_SECONDS, 600)]
    assert min(shares) == 0.0
    assert 0.9 < max(shares) <= max(TRAFFIC)
    zones_average = sum(TRAFFIC) / len(TRAFFIC)
    assert sum(shares) / len(shares) == pytest.approx(zones_average, rel=0.01)


def test_curves_name_every_curve_and_place_every_point() -> None:
    svg = draw_curves(
        "cars", [Curve("a <time>", [10, 1_000], [1.0, 5.0]), Curve("memory", [10, 1_000], [90, 91])]
    )
    assert svg.count("<circle") == 4
    assert "a &lt;time&gt;: 5" in svg
    assert "memory: 91" in svg
    with pytest.raises(ValueError, match="positive"):
        draw_curves("cars", [Curve("zero", [1], [0.0])])
