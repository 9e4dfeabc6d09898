"""Computes a job's offers. Plan and factors of equal terms are computed once for all chunks and searches."""

import time
from collections import OrderedDict

import asyncpg

from protocol import codec
from protocol.jobs import ValueJob, ValueResult
from protocol.money.lending import RateSheet, RiskModel
from server.finance.architect import Pricing, price_plan
from server.finance.cars import Cars
from server.finance.offers import offers_of
from server.finance.plan import Plan, plan_deal
from server.work.tables import Tables

KEPT_PRICINGS = 64
MS = 1000

PricingKey = tuple[str, str, bytes]


class Valuer:
    """Values jobs. ``tables_for`` does I/O; ``value`` is pure computation, in one thread at a time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._tables = Tables()
        self._pricings: OrderedDict[PricingKey, tuple[Plan, Pricing | None]] = OrderedDict()

    async def tables_for(self, job: ValueJob) -> tuple[RateSheet, RiskModel]:
        """Return the rate sheet and risk model that the job names. Raises NotInForce."""
        found = self._tables.known(job.versions.rates, job.versions.risk)
        if found is not None:
            return found
        async with self._pool.acquire() as database:
            sheet = await self._tables.rates(database, job.versions.rates)
            return sheet, await self._tables.risk(database, job.versions.risk)

    def value(self, job: ValueJob, sheet: RateSheet, model: RiskModel) -> ValueResult:
        """Return the job's offers, in the order of its cars. A malformed job may raise any exception."""
        began = time.perf_counter()
        plan, pricing = self._priced(job, sheet, model)
        offers = offers_of(plan, pricing, Cars.of(job.numbers))
        return ValueResult(
            columns={"vehicle_id": job.vehicle_id, "rev": job.rev, **offers},
            value_ms=round((time.perf_counter() - began) * MS, 3),
        )

    def _priced(self, job: ValueJob, sheet: RateSheet, model: RiskModel) -> tuple[Plan, Pricing | None]:
        key = sheet.version, model.version, codec.encode(job.inputs)
        if key not in self._pricings:
            plan = plan_deal(job.inputs, sheet)
            self._pricings[key] = plan, price_plan(plan, model) if len(plan.programmes) else None
            while len(self._pricings) > KEPT_PRICINGS:
                self._pricings.popitem(last=False)
        self._pricings.move_to_end(key)
        return self._pricings[key]
