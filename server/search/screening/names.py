"""What lease programmes name the cars of a search by."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protocol.money.inputs import CarName

if TYPE_CHECKING:
    from server.finance.plan import Plan


def lease_names_of(plan: "Plan", columns: Mapping[str, Sequence[Any]]) -> tuple[list[CarName], list[int]]:
    """Return the different names of the cars in columns of ``matches``, and each car's number among them;
    nothing if no lease programme of the plan names a car.
    """
    if plan.leases is None or not plan.leases.names_cars:
        return [], []
    numbers: dict[CarName, int] = {}
    names = zip(columns["make"], columns["model"], columns["body"], strict=True)
    of_car = [numbers.setdefault(name, len(numbers)) for name in names]
    return list(numbers), of_car
