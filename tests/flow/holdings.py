"""All that a database tells about its deals: what a restored one must tell, too."""

import json
from typing import Any

from protocol import codec
from server.database.core.pool import connect_as_owner
from server.database.deals.audit import audit_json
from server.database.deals.history import deal_at, load_history
from server.database.deals.wall import wall_of
from server.settings import Settings
from server.work.replay import verify_pencils

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_WORKED = "SELECT deal_id::text FROM deals WHERE version > 0 ORDER BY 1"


async def holdings_of(owner_url: str) -> dict[str, Any]:
    """Return the audits of the worked deals, the deals after each of their events, the walls, how many
    pencils are computed again to the cent, and a digest of the rows of each table.
    """
    told: dict[str, Any] = {}
    async with connect_as_owner(owner_url) as owner:
        for deal_id in [row["deal_id"] for row in await owner.fetch(_WORKED)]:
            history = await load_history(owner, deal_id)
            assert history is not None
            steps = [deal_at(history, no) for no in range(len(history.events) + 1)]
            told[f"deal {deal_id}"] = (audit_json(history), [codec.encode(step) for step in steps])
        for row in await owner.fetch("SELECT store_id FROM stores ORDER BY 1"):
            told[f"wall {row['store_id']}"] = json.dumps(await wall_of(owner, row["store_id"]), default=str)
        verified = await verify_pencils(owner)
        assert verified.differences == []
        told["pencils"] = verified.equal
        for row in await owner.fetch(_TABLES):
            name = row["relname"]
            told[f"table {name}"] = tuple(
                await owner.fetchrow(
                    f"SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {name} t"  # noqa: S608 - a name of the catalogue
                )
            )
    return told


async def worked_deals(settings: Settings) -> dict[str, str]:
    """Return the ids of the worked deals by their customers' names."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT c.name, d.deal_id::text FROM deals d JOIN customers c USING (customer_id)"
            " WHERE d.version > 0"
        )
    return {row["name"]: row["deal_id"] for row in rows}
