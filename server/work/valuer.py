"""Computes a job's offers. Plan and factors of equal terms are computed once for all chunks and searches."""

import time
from collections import OrderedDict

import asyncpg

from protocol import codec
from protocol.jobs import ValueJob, ValueResult
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet, RiskModel
from server.finance.architect import Pricing, price_plan
from server.finance.cars import Cars
from server.finance.leasing.names import CarNames
from server.finance.offers import offers_of
from server.finance.plan import Plan, plan_deal
from server.work.tables import Tables

KEPT_PRICINGS = 64
MS = 1000

PricingKey = tuple[str, str, str, bytes]
Sheets = tuple[RateSheet, RiskModel, LeaseSheet | None]


class Valuer:
    """Values jobs. ``tables_for`` does I/O; ``value`` is pure computation, in one thread at a time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._tables = Tables()
        self._pricings: OrderedDict[PricingKey, tuple[Plan, Pricing | None]] = OrderedDict()

    async def tables_for(self, job: ValueJob) -> Sheets:
        """Return the rate sheet, risk model and lease sheet that the job names. Raises NotInForce."""
        found, version = self._tables.known(job.versions.rates, job.versions.risk), job.versions.leases
        leases = self._tables.known_leases(version) if version else None
        if found is not None and (leases is not None or not version):
            return *found, leases
        async with self._pool.acquire() as database:
            sheet = await self._tables.rates(database, job.versions.rates)
            model = await self._tables.risk(database, job.versions.risk)
            return sheet, model, await self._tables.leases(database, version) if version else None

    def value(
        self, job: ValueJob, sheet: RateSheet, model: RiskModel, leases: LeaseSheet | None = None
    ) -> ValueResult:
        """Return the job's offers, in the order of its cars. A malformed job may raise any exception."""
        began = time.perf_counter()
        plan, pricing = self._priced(job, sheet, model, leases)
        cars = Cars.of(job.numbers)
        offers = offers_of(plan, pricing, cars, CarNames.of(job.lease_names, job.lease_of, len(cars)))
        ended = time.perf_counter()
        return ValueResult(
            columns={"vehicle_id": job.vehicle_id, "rev": job.rev, **offers},
            value_ms=round((ended - began) * MS, 3),
            ended=ended,
        )

    def _priced(
        self, job: ValueJob, sheet: RateSheet, model: RiskModel, leases: LeaseSheet | None
    ) -> tuple[Plan, Pricing | None]:
        version = "" if leases is None else leases.version
        key = sheet.version, model.version, version, codec.encode(job.inputs)
        if key not in self._pricings:
            plan = plan_deal(job.inputs, sheet, leases=leases)
            self._pricings[key] = plan, price_plan(plan, model) if len(plan.programmes) else None
            while len(self._pricings) > KEPT_PRICINGS:
                self._pricings.popitem(last=False)
        self._pricings.move_to_end(key)
        return self._pricings[key]
