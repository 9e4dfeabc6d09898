"""A catalogue of products, and lines of a deal from it."""

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

from msgspec import UNSET

from client import Deal
from protocol import codec
from protocol.deal.structure import StructureChanges
from protocol.money.menu import QuotedProduct
from server.clock import utc_now
from server.database.editions.writing import Edition
from server.database.importing import CATALOGUE, check_packages, import_table
from server.settings import Settings
from tests.flow.current import GUARD_SECONDS
from tests.flow.desk import Both

HEADER = "product_id,kind,name,provider,retail,cost,taxable_in,term_months,earning,lenders,packages\n"
FILE = HEADER + (
    "gap,gap,GAP waiver,Lakeside,895,310.07,,,pro_rata,,Good; Better\n"
    'vsc,service_contract,Service contract,Lakeside,"2,395",1150.11,OH; IN; KY,72,rule_of_78,,Better\n'
    "wax,appearance,Paint protection,Lakeside,695,185.13,all,60,not_cancellable,Nobody Bank = 500,\n"
)
COSTS = {310_07, 1150_11, 185_13}
GAP, CONTRACT = {"product_id": "gap", "price_cents": 895_00}, {"product_id": "vsc", "price_cents": 2_000_00}


def lines(*products: dict[str, Any], declined: list[str] | None = None) -> StructureChanges:
    """Return changes of products."""
    more = {} if declined is None else {"declined_products": declined}
    return codec.convert(StructureChanges, {"products": list(products), **more})


async def import_catalogue(
    settings: Settings, folder: Path, text: str = FILE, version: str = "c1", days_ago: int = 0
) -> int:
    """Import a catalogue as of today, or of some days ago."""
    path = folder / f"{version}.csv"
    path.write_text(text, encoding="utf-8")
    edition = Edition(version, utc_now().date() - dt.timedelta(days=days_ago), is_sample=False)
    return await import_table(settings.database_owner_url, path, CATALOGUE, edition, check_packages)


async def begins(both: Both, folder: Path, text: str = FILE, version: str = "c1", days_ago: int = 0) -> None:
    """Import the catalogue and wait until the hub has it."""
    assert await import_catalogue(both.settings, folder, text, version, days_ago) == 3
    async with asyncio.timeout(GUARD_SECONDS):
        while (await both.sales.products()).catalogue_version != version:  # noqa: ASYNC110 - the hub has it at its own time
            await asyncio.sleep(0.05)


def sums(deal: Deal) -> list[Any]:
    """Return the three sums of products as a screen has them."""
    fields = ("products_cents", "taxable_products_cents", "products_cost_cents")
    return [deal.state.structure.get(field, UNSET) for field in fields]


def shown(products: object) -> list[QuotedProduct]:
    """Return the products of a quote."""
    assert isinstance(products, list)
    return products
