"""The terms that a deal does not offer, and the rejected cars that each opens. Pure."""

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np

from protocol.money.leasing import LeaseSheet
from protocol.records import DealKind
from server.finance.cars import Cars
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import LeasePlan, plan_leases
from server.finance.leasing.ranking import leased
from server.finance.loans.structures import build_structures
from server.finance.plan import Plan, plan_deal
from server.finance.rules.limits import Limit


class OtherTerms:
    """The other terms of a deal, of loans and of leases. They are planned at the first rejected car."""

    def __init__(self, plan: Plan, leases: LeaseSheet | None = None) -> None:
        self._plan = plan
        self._sheet = leases

    def opening(self, cars: Cars, names: CarNames) -> Sequence[tuple[int, ...]]:
        """Return, for each rejected car, the terms in months of which each alone makes it a match."""
        opened: list[set[int]] = [set() for _ in range(len(cars))]
        wide = self._wide
        if wide is not None:
            feasible = build_structures(wide, cars).feasible
            for term in np.unique(wide.programmes.term).tolist():
                takes = feasible[:, wide.programmes.term == term].any(axis=1)
                for car in np.flatnonzero(takes).tolist():
                    opened[car].add(term)
        for term, plan in self._leases.items():
            limit, _ = leased(plan, cars, names)
            takes = (limit == Limit.NONE) | (limit == Limit.NPV_FLOOR)
            for car in np.flatnonzero(takes).tolist():
                opened[car].add(term)
        return [tuple(sorted(terms)) for terms in opened]

    @cached_property
    def _wide(self) -> Plan | None:
        """The plan with only the other terms; None if the deal's term is fixed, there is no other, or no loan
        is asked for.
        """
        structure = self._plan.inputs.structure
        if structure.term_months is not None or structure.kind is not DealKind.FINANCE:
            return None
        offered = set(structure.terms_months)
        others = sorted({row.term_months for row in self._plan.sheet.programmes} - offered)
        if not others:
            return None
        changed = msgspec.structs.replace(structure, terms_months=others)
        wide = plan_deal(msgspec.structs.replace(self._plan.inputs, structure=changed), self._plan.sheet)
        return None if wide.empty else wide

    @cached_property
    def _leases(self) -> dict[int, LeasePlan]:
        """The lease plan of each other term; none if the deal's term is fixed, or it is a cash deal."""
        inputs = self._plan.inputs
        structure = inputs.structure
        fixed = structure.term_months is not None or structure.kind is DealKind.CASH
        if self._sheet is None or fixed or not inputs.all_kinds:
            return {}
        plans = {}
        for term in sorted({row.term_months for row in self._sheet.programmes} - set(structure.terms_months)):
            changed = msgspec.structs.replace(structure, terms_months=[term])
            plan = plan_leases(msgspec.structs.replace(inputs, structure=changed), self._sheet)
            if len(plan.rows):
                plans[term] = plan
        return plans
