"""The rows of a lease plan in groups that take the same cars, and the groups for a car's name.

A sheet has many rows for few sorts of cars: one for each lender, term and mileage. All rows of a group take a
car, or none does. So a car is compared with the few groups for its name, and never with rows. Shapes: g
groups, r rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.money.inputs import CarName
from protocol.money.leasing import LeaseProgramme
from server.finance.rounding import Flags
from server.finance.rules.programmes import Whole

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class RowGroups:
    """What each group takes, in columns of shape (g,), and its rows: ``count`` numbers in ``rows`` from
    ``start`` on.

    ``by_make`` has the groups for a make, by model and segment, all in lower case; each may be empty.
    """

    new_cars: Flags
    used_cars: Flags
    year_min: Whole
    mileage_max: Whole
    rows: Index
    start: Index
    count: Index
    by_make: dict[str, dict[tuple[str, str], list[int]]]

    def naming(self, name: CarName | None) -> list[int]:
        """Return the groups for cars of a name; letter case does not count. Those of a car without a name
        name none.
        """
        make, model, segment = name or ("", "", "")
        own, every = self.by_make.get(make.casefold()), self.by_make.get("")
        if own is None and every is None:
            return []
        named = [own] if own is every else [own, every]
        models, segments = {model.casefold(), ""}, {segment.casefold(), ""}
        keys = [(model, segment) for model in models for segment in segments]
        return [group for by_model in named if by_model for key in keys for group in by_model.get(key, ())]


def group_rows(rows: Sequence[LeaseProgramme]) -> RowGroups:
    """Return the rows in groups."""
    groups: dict[tuple[object, ...], list[int]] = {}
    by_make: dict[str, dict[tuple[str, str], list[int]]] = {}
    for number, row in enumerate(rows):
        name = (row.make.casefold(), row.model.casefold(), row.segment.casefold())
        key = (name, row.new_cars, row.used_cars, row.year_min, row.mileage_max)
        if key not in groups:
            of_name = by_make.setdefault(name[0], {}).setdefault(name[1:], [])
            of_name.append(len(groups))
            groups[key] = []
        groups[key].append(number)
    members = list(groups.values())
    first = [rows[each[0]] for each in members]
    count = np.array([len(each) for each in members], dtype=np.intp)
    return RowGroups(
        new_cars=np.array([row.new_cars for row in first], dtype=np.bool_),
        used_cars=np.array([row.used_cars for row in first], dtype=np.bool_),
        year_min=np.array([row.year_min for row in first], dtype=np.int64),
        mileage_max=np.array([row.mileage_max for row in first], dtype=np.int64),
        rows=np.array([number for each in members for number in each], dtype=np.intp),
        start=count.cumsum() - count,
        count=count,
        by_make=by_make,
    )
