"""Writes the files that follow from others: ``python -m tests.doctor.generated``. The tests compare them.

They are the catalogue of indexes, from a freshly migrated database, and the JSON Schema of the report.
"""

import asyncio

import msgspec

from server.database.core.migrate import migrate
from server.doctor.catalogue import FILE, catalogue_text
from server.doctor.probes.postgres import looking, read_indexes
from server.doctor.report import Report
from server.doctor.subjects.indexes import Index
from server.embedded import EmbeddedServices
from server.embedded.postgres import OWNER_ROLE
from tests.services import ROOT, open_folder

CATALOGUE = ROOT / "server" / "doctor" / FILE
SCHEMA = ROOT / "docs" / "operations" / "doctor.schema.json"


def schema_text() -> bytes:
    """Return the JSON Schema of ``doctor --json``."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Report)), indent=2) + b"\n"


def main() -> None:
    """Write both."""
    SCHEMA.write_bytes(schema_text())
    with open_folder(in_memory=True) as folder, EmbeddedServices(folder, fleeting=True) as embedded:
        url = embedded.postgres.url(OWNER_ROLE)
        migrate(url)
        CATALOGUE.write_text(catalogue_text(asyncio.run(_indexes(url))), encoding="utf-8")


async def _indexes(url: str) -> dict[str, Index]:
    async with looking(url) as database:
        return await read_indexes(database)


if __name__ == "__main__":
    main()
