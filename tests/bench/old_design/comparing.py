"""Whether ours and the old design came to the same offers: a comparison of different work says nothing."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from tests.bench.old_design.page import Opened

MOST_SHOWN = 3

Offer = dict[str, Any]


class Differ(AssertionError):
    """The two sides came to other offers, or there is nothing that could be compared."""


def check_equal(ours: Sequence[Opened], old: Sequence[Opened]) -> None:
    """Raise Differ unless every deal has the same offers in both, and the same cars.

    Of a deal that the old design did not finish, those offers are compared that it has.
    """
    found = [list(differences(*pair)) for pair in zip(ours, old, strict=True)]
    differ = [lines for lines in found if lines]
    if differ:
        shown = "; ".join(islice((line for lines in differ for line in lines), MOST_SHOWN))
        raise Differ(f"{len(differ)} of {len(found)} deals have other offers, for example {shown}")
    if not any(one.offers for one in old):
        raise Differ("the old design has no offer that could be compared")


def differences(ours: Opened, old: Opened) -> Iterator[str]:
    """Yield a line for each car whose offer is another one, or is missing."""
    for vehicle_id in sorted(ours.offers.keys() | old.offers.keys()):
        mine, theirs = ours.offers.get(vehicle_id), old.offers.get(vehicle_id)
        if mine == theirs or (theirs is None and not old.whole):
            continue
        yield f"car {vehicle_id}: {_told(mine, theirs)}"


def _told(mine: Offer | None, theirs: Offer | None) -> str:
    if theirs is None:
        return f"{(mine or {}).get('kind')}, and no match of the old design"
    if mine is None:
        return f"{theirs.get('kind')} with the old design, and no match of ours"
    for name in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(name, "absent"), theirs.get(name, "absent")
        if one != other:
            return f"{name} is {one}, with the old design {other}"
    return ""
