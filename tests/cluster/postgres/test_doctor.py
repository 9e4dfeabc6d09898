"""What the doctor says of a replica that is paused, cut off, killed or promoted, and of wrong addresses."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from server.database.core.pool import connect_as_owner
from server.doctor.examination import Options, examine
from server.doctor.report import Finding, Report
from server.doctor.subjects.replicas import Replica
from server.doctor.verdicts import Severity
from server.settings import Settings
from tests.cluster.postgres.standby import Standby, open_standby
from tests.flow.conftest import stocked
from tests.services import Services

__all__ = ["stocked"]

pytestmark = pytest.mark.flow

QUICK = Options(window_seconds=0.02, pings=2, patience_seconds=10.0, probe_seconds=10.0)
GUARD_SECONDS = 30.0


@pytest.fixture
def followed(services: Services, stocked: Settings) -> Iterator[tuple[Standby, Settings]]:
    """A replica of the sample data, and settings with it."""
    with open_standby(services, stocked) as opened:
        yield opened


async def seen(settings: Settings) -> tuple[Replica, list[Finding]]:
    """Return the first replica as it was measured, and what the doctor says of replicas."""
    report: Report = await examine(settings, QUICK)
    assert report.measured.replicas is not None
    findings = [finding for finding in report.findings if finding.check.startswith("replica.")]
    return report.measured.replicas.replicas[0], findings


async def until_fit(settings: Settings) -> Replica:
    """Wait until the doctor has nothing to say of the replica."""
    async with asyncio.timeout(GUARD_SECONDS):
        while (found := await seen(settings))[1]:  # noqa: ASYNC110 - the doctor is asked
            await asyncio.sleep(0.1)
    return found[0]


async def write(settings: Settings) -> None:
    """Change every car."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        await owner.execute("UPDATE vehicles SET mileage = mileage + 1")


async def test_a_replica_that_follows_and_one_that_falls_behind(followed: tuple[Standby, Settings]) -> None:
    """It says how far, since when and why: its replay is paused, or it has lost the primary."""
    standby, settings = followed
    await write(settings)
    fit = await until_fit(settings)
    assert (fit.follows, fit.streams, fit.behind_bytes, fit.behind_seconds) == (True, True, 0, 0.0)

    await standby.ask("SELECT pg_wal_replay_pause()")
    await write(settings)
    paused, [finding] = await seen(settings)
    assert (finding.check, finding.severity, finding.about) == (
        "replica.behind",
        Severity.WARNING,
        "replica_1",
    )
    assert "its replay is paused" in finding.says
    assert "pg_wal_replay_resume()" in finding.remedy
    assert paused.behind_bytes is not None and paused.behind_bytes > 10_000
    assert paused.behind_seconds is not None and 0 < paused.behind_seconds < 600
    await standby.ask("SELECT pg_wal_replay_resume()")
    await until_fit(settings)

    address = await standby.ask("SHOW primary_conninfo")
    await standby.ask("ALTER SYSTEM SET primary_conninfo = ''")
    await standby.ask("SELECT pg_reload_conf()")
    async with asyncio.timeout(GUARD_SECONDS):
        while await standby.ask("SELECT count(*) FROM pg_stat_wal_receiver"):  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.05)
    await write(settings)
    _, [finding] = await seen(settings)
    assert finding.check == "replica.behind"
    assert "it has no connection to the primary" in finding.says
    assert "primary_conninfo" in finding.remedy
    await standby.ask("ALTER SYSTEM SET primary_conninfo = '" + address.replace("'", "''") + "'")
    await standby.ask("SELECT pg_reload_conf()")
    await until_fit(settings)


async def test_wrong_addresses_and_a_replica_that_is_gone(followed: tuple[Standby, Settings]) -> None:
    """Another database of the replica, the primary itself, and a server that does not run."""
    standby, settings = followed
    await until_fit(settings)
    own = settings.database_url.partition("@/")[2].partition("?")[0]
    elsewhere = standby.url().replace(f"@/{own}?", "@/postgres?")
    wrong = replace(settings, database_search_urls=(elsewhere, settings.database_url, standby.url()))
    _, findings = await seen(wrong)
    assert [(each.check, each.about) for each in findings] == [
        ("replica.foreign", "replica_1"),
        ("replica.foreign", "replica_2"),
    ]
    assert "the database postgres" in findings[0].says
    assert "It is the primary itself" in findings[1].remedy
    assert all(each.severity is Severity.FAULT for each in findings)

    standby.kill()
    _, [finding] = await seen(settings)
    assert (finding.check, finding.severity) == ("replica.away", Severity.WARNING)
    assert "Searches read from the primary" in finding.says
    standby.start()
    await until_fit(settings)


async def test_a_replica_that_was_promoted(followed: tuple[Standby, Settings]) -> None:
    standby, settings = followed
    await standby.ask("SELECT pg_promote()")
    _, [finding] = await seen(settings)
    assert (finding.check, finding.severity) == ("replica.foreign", Severity.FAULT)
    assert "it takes writes" in finding.says
    assert "promoted" in finding.remedy
