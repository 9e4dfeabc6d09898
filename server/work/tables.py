"""Rate and lease sheets, risk models, tax tables, rebates, state limits and product catalogues by version.

They never change in place, so they stay valid once they are loaded.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from protocol.money.leasing import LeaseSheet
from protocol.money.lending import LimitTable, RateSheet, Rebate, RiskModel, TaxTable
from protocol.money.products import Catalogue
from server.database.core.pool import Database
from server.database.editions.leases import load_leases
from server.database.editions.products import load_catalogue
from server.database.editions.rates import load_limits, load_rates, load_rebates, load_risk, load_taxes

KEPT_VERSIONS = 8

Table = TypeVar("Table")
Load = Callable[[Database, str], Awaitable[Table]]


class _Versions(Generic[Table]):
    """The most recently used versions."""

    def __init__(self, load: Load[Table]) -> None:
        self._load = load
        self._kept: OrderedDict[str, Table] = OrderedDict()

    async def get(self, database: Database, version: str) -> Table:
        if version not in self._kept:
            self._kept[version] = await self._load(database, version)
            while len(self._kept) > KEPT_VERSIONS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(version)
        return self._kept[version]

    def known(self, version: str) -> Table | None:
        return self._kept.get(version)


class Tables:
    """The tables of one process. A version is read from Postgres at its first use.

    Methods raise ``store.rates.NotInForce`` for an unknown version.
    """

    def __init__(self) -> None:
        self._rates: _Versions[RateSheet] = _Versions(load_rates)
        self._risk: _Versions[RiskModel] = _Versions(load_risk)
        self._taxes: _Versions[TaxTable] = _Versions(load_taxes)
        self._rebates: _Versions[tuple[Rebate, ...]] = _Versions(load_rebates)
        self._limits: _Versions[LimitTable] = _Versions(load_limits)
        self._products: _Versions[Catalogue] = _Versions(load_catalogue)
        self._leases: _Versions[LeaseSheet] = _Versions(load_leases)

    async def rates(self, database: Database, version: str) -> RateSheet:
        """Return a rate sheet."""
        return await self._rates.get(database, version)

    async def risk(self, database: Database, version: str) -> RiskModel:
        """Return a risk model."""
        return await self._risk.get(database, version)

    async def taxes(self, database: Database, version: str) -> TaxTable:
        """Return a tax table."""
        return await self._taxes.get(database, version)

    async def rebates(self, database: Database, version: str) -> tuple[Rebate, ...]:
        """Return the rebates of a sheet."""
        return await self._rebates.get(database, version)

    async def limits(self, database: Database, version: str) -> LimitTable:
        """Return a table of state limits."""
        return await self._limits.get(database, version)

    async def products(self, database: Database, version: str) -> Catalogue:
        """Return a product catalogue."""
        return await self._products.get(database, version)

    async def leases(self, database: Database, version: str) -> LeaseSheet:
        """Return a lease sheet."""
        return await self._leases.get(database, version)

    def known_leases(self, version: str) -> LeaseSheet | None:
        """Return a lease sheet that is in memory, without a connection to Postgres; else None."""
        return self._leases.known(version)

    def known(self, rates: str, risk: str) -> tuple[RateSheet, RiskModel] | None:
        """Return both if both are in memory, without a connection to Postgres; else None."""
        sheet, model = self._rates.known(rates), self._risk.known(risk)
        return None if sheet is None or model is None else (sheet, model)
