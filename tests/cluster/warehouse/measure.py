"""Rows a second and peak memory of ``sync``: ``python -m tests.cluster.warehouse.measure payments 1000000``.

``payments`` come as a servicer has them: what is due in a month changed at about that time. ``scattered``
ones are of every month in each page, as after a load that gave all of them one day. The warehouse and the
operational database are on one PostgreSQL server of this machine, without a proxy.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import asyncpg

from server.embedded import EmbeddedServices
from server.settings import process_environment
from tests.services import ROOT, Services, open_folder, settings_for
from tests.warehouse.sample import TABLES, cars

PAYMENTS = """
INSERT INTO deal_architect.payments
SELECT n, 'L' || {loan}, date '2022-01-15' + make_interval(months => ({month})::int), 45000, 40000, 5000,
       1000000 + n % 900000, 'current', 0, 0, timestamp '2026-01-01' + n / 200 * interval '1 s'
  FROM generate_series(1::bigint, {rows}) n
"""
FILL = {
    "payments": PAYMENTS.replace("{loan}", "n % greatest({rows} / 36, 1)").replace(
        "{month}", "n * 36 / {rows}"
    ),
    "scattered": PAYMENTS.replace("{loan}", "n / 36").replace("{month}", "n % 36"),
    "customers": """
INSERT INTO deal_architect.customers
SELECT n, 'riverside', 'Pat Buyer ' || n, 'OH', '555-' || n % 10000, 'Dayton', 4000 + n % 5000, 700, 'bureau',
       date '2026-01-02', timestamptz '2026-01-01' + n / 50 * interval '1 s', NULL
  FROM generate_series(1::bigint, {rows}) n
""",
}


@dataclass(frozen=True)
class Measured:
    """What a sync of so many rows took: seconds of the sync itself, without the program's start, and how many
    of them the warehouse was read in. In the others, rows are judged and stored.
    """

    rows: int
    seconds: float
    read_seconds: float
    peak_mib: float
    again_seconds: float
    cpu_seconds: float


def measured(what: str, rows: int) -> Measured:
    """Sync so many rows of a kind into an empty database, and once more."""
    kind = "payments" if what == "scattered" else what
    with open_folder(in_memory=True) as folder, EmbeddedServices(folder, fleeting=True) as embedded:
        services = Services(embedded)
        ours, warehouse = services.create(), services.create()
        services.run_sql(f"SET ROLE deal_owner; {TABLES}", database=warehouse.name)
        if what in FILL:
            services.run_sql(FILL[what].format(rows=rows), database=warehouse.name)
        else:
            _copy_cars(services, warehouse.superuser_url, rows)
        # So that neither is done while the sync is timed.
        services.run_sql("VACUUM ANALYZE", "CHECKPOINT", database=warehouse.name)
        settings = settings_for(ours, services.redis_url, 8000)
        environ = process_environment() | settings.environment()
        program = [sys.executable, "-m", "server"]
        subprocess.run([*program, "migrate"], env=environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        services.run_sql(
            "INSERT INTO store_groups VALUES ('miami', 'Miami Valley')",
            "INSERT INTO stores (store_id, group_id, name, state) VALUES ('riverside', 'miami',"
            " 'Riverside', 'OH')",
            database=ours.name,
        )
        with tempfile.TemporaryDirectory() as history:
            environ |= {"WAREHOUSE_URL": warehouse.owner_url, "DEAL_HISTORY_DIR": history}
            words = [
                *program,
                "sync",
                "--share",
                "1",
                "--json",
                "--what",
                kind,
                "--rejects",
                f"{history}/rejects.csv",
            ]
            first, peak, cpu = _run(words, environ)
            again, _, _ = _run(words, environ)
    return Measured(
        first["kinds"][kind]["added"], first["seconds"], first["source_seconds"], peak, again["seconds"], cpu
    )


def _run(words: list[str], environ: dict[str, str]) -> tuple[dict[str, Any], float, float]:
    """Return what a program printed as JSON, its peak of resident memory in MiB, and its processor time."""
    with tempfile.TemporaryFile() as out:
        program = subprocess.Popen(words, env=environ, cwd=ROOT, stdout=out)
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        assert program.returncode == 0
        out.seek(0)
        return json.loads(out.read()), usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def _copy_cars(services: Services, url: str, rows: int) -> None:
    async def copy() -> None:
        database = await asyncpg.connect(url)
        for first in range(0, rows, 20_000):
            some = cars(min(20_000, rows - first), ["riverside"], first=first)
            await database.copy_records_to_table("stock", schema_name="deal_architect", records=some)
        await database.close()

    asyncio.run(copy())


if __name__ == "__main__":
    began = time.monotonic()
    found = measured(sys.argv[1], int(sys.argv[2]))
    print(found, f"{found.rows / found.seconds:,.0f} rows/s", f"{time.monotonic() - began:.0f} s in all")
