"""Recomputes stored pencils from their stored inputs and the versions of the tables that they name."""

from dataclasses import dataclass, field
from typing import Final

import asyncpg
import msgspec

from protocol import codec
from protocol.deal.structure import StructureError
from server.database.deals.pencils import StoredPencil, all_pencils
from server.database.editions.rates import NotInForce
from server.finance.quoting import Case, quote_structure
from server.finance.value.curves import RiskModelError
from server.finance.versions import engine_number
from server.work.tables import Tables

ADDED_FIELDS: Final = frozenset({"down_payment_cents", "total_sale_price_cents", "itemization"})
"""The fields of an answer that pencils of older releases do not have: they follow from the others."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A pencil whose recomputed answer differs. ``what`` names the fields, or why there is no answer."""

    pencil_id: str
    engine: str
    what: str


@dataclass(slots=True)
class Verified:
    """The result of recomputing all pencils."""

    equal: int = 0
    differences: list[Difference] = field(default_factory=list)


async def verify_pencils(database: asyncpg.Connection) -> Verified:
    """Recompute every stored pencil; return how many are equal to the cent, and the differences."""
    result, tables = Verified(), Tables()
    async for pencil in all_pencils(database):
        what = await replay_pencil(database, tables, pencil)
        if what is None:
            result.equal += 1
        else:
            result.differences.append(Difference(pencil.pencil_id, pencil.versions.engine, what))
    return result


async def replay_pencil(database: asyncpg.Connection, tables: Tables, pencil: StoredPencil) -> str | None:
    """Recompute a pencil by the rules of its engine's version; return None if the answer is equal in every
    field, else what differs.
    """
    try:
        sheet = await tables.rates(database, pencil.versions.rates)
        model = await tables.risk(database, pencil.versions.risk)
        leases = pencil.versions.leases
        case = Case(
            inputs=msgspec.structs.replace(pencil.inputs, engine=engine_number(pencil.versions.engine)),
            numbers=pencil.car,
            sheet=sheet,
            model=model,
            programme_id=pencil.inputs.programme_id,
            leases=await tables.leases(database, leases) if leases else None,
            car_name=pencil.inputs.car_name,
        )
        again = codec.plain(quote_structure(case).answer)
    except (NotInForce, StructureError, RiskModelError) as error:
        return str(error)
    stored = codec.plain(pencil.answer)
    differing = [
        name
        for name in msgspec.structs.asdict(pencil.answer)
        if stored.get(name, msgspec.UNSET) != again.get(name, msgspec.UNSET)
        and not (name in ADDED_FIELDS and name not in stored)
    ]
    return ", ".join(differing) or None
