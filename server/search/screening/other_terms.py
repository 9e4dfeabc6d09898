"""The terms of the rate sheet that a deal does not offer, and the rejected cars that each opens. Pure."""

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np

from server.finance.cars import Cars
from server.finance.plan import Plan, plan_deal
from server.finance.structures import build_structures


class OtherTerms:
    """The other terms of a deal's plan. Its own plan is computed at the first rejected car."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def opening(self, cars: Cars) -> Sequence[tuple[int, ...]]:
        """Return, for each rejected car, the terms in months of which each alone makes it a match."""
        wide = self._wide
        if wide is None:
            return [()] * len(cars)
        feasible = build_structures(wide, cars).feasible
        opened: list[list[int]] = [[] for _ in range(len(cars))]
        for term in np.unique(wide.programmes.term).tolist():
            takes = feasible[:, wide.programmes.term == term].any(axis=1)
            for car in np.flatnonzero(takes).tolist():
                opened[car].append(term)
        return [tuple(terms) for terms in opened]

    @cached_property
    def _wide(self) -> Plan | None:
        """The plan with only the other terms; None if the deal's term is fixed or there is no other."""
        structure = self._plan.inputs.structure
        if structure.term_months is not None:
            return None
        offered = set(structure.terms_months)
        others = sorted({row.term_months for row in self._plan.sheet.programmes} - offered)
        if not others:
            return None
        changed = msgspec.structs.replace(structure, terms_months=others)
        wide = plan_deal(msgspec.structs.replace(self._plan.inputs, structure=changed), self._plan.sheet)
        return None if wide.empty else wide
